//! How people write quantities in a specification: `"250ms"`, `"64 MiB"`. Parsing is exact; there are no silent defaults.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::engine::SimDuration;

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

/// A factor in thousandths, written as a number: `2.5` is 2500.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Factor(pub u64);

impl Factor {
    /// No change.
    pub const ONE: Factor = Factor(1000);
}

const TIME_UNITS: [(&str, u64); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
];
/// More than any heap or link has; products of two such numbers still fit into 128 bits.
const BYTES_MAX: u64 = 1 << 40;
const BYTE_UNITS: [(&str, u64); 7] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// Parses `<number><unit>` with up to nine decimals, e.g. `1.5s`, into whole smallest units.
fn parse(text: &str, units: &[(&str, u64)], example: &str) -> Result<u64, String> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..split], text[split..].trim());
    let advice = || {
        let names: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
        format!("`{text}` is not a quantity: write a number and one of {}, such as \"{example}\"", names.join(", "))
    };
    if text.starts_with('-') {
        return Err(format!("`{text}` is negative: quantities start at zero"));
    }
    let scale = units.iter().find(|(name, _)| *name == unit).ok_or_else(advice)?.1;
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || decimals.len() > 9 || decimals.contains('.') {
        return Err(advice());
    }
    let too_large = || format!("`{text}` is too large");
    let whole = whole.parse::<u64>().map_err(|_| too_large())?.checked_mul(scale).ok_or_else(too_large)?;
    let part = match decimals {
        "" => 0,
        digits => {
            let value: u64 = digits.parse().map_err(|_| advice())?;
            (u128::from(value) * u128::from(scale) / 10u128.pow(digits.len() as u32)) as u64
        }
    };
    whole.checked_add(part).ok_or_else(too_large)
}

impl SimDuration {
    /// Parses `"250ms"`, `"1.5 s"`, `"2min"` and the like.
    ///
    /// # Errors
    /// A sentence that says what is wrong and how to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse(text, &TIME_UNITS, "250ms").map(SimDuration::from_nanos)
    }
}

impl<'de> Deserialize<'de> for SimDuration {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text: Cow<'de, str> = Deserialize::deserialize(input)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

impl Serialize for SimDuration {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text: Cow<'de, str> = Deserialize::deserialize(input)?;
        let bytes = parse(&text, &BYTE_UNITS, "64 MiB").map_err(de::Error::custom)?;
        if bytes > BYTES_MAX {
            return Err(de::Error::custom(format!("`{text}` is more than 1 TiB")));
        }
        Ok(Bytes(bytes))
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(self)
    }
}

impl fmt::Display for Bytes {
    /// The largest binary unit that divides the value, else decimal bytes: `64 MiB`, `118 B`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        match exact.iter().find(|(_, size)| self.0 > 0 && self.0.is_multiple_of(*size)) {
            Some((name, size)) => write!(f, "{} {name}", self.0 / size),
            None => write!(f, "{} B", self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(input)?;
        if !(0.001..=1e6).contains(&value) {
            return Err(de::Error::custom(format!("factor {value} must lie between 0.001 and 1000000")));
        }
        Ok(Factor((value * 1000.0).round() as u64))
    }
}

impl Serialize for Factor {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_f64(self.0 as f64 / 1000.0)
    }
}

/// Implements `JsonSchema` for a quantity.
macro_rules! quantity_schema {
    ($type:ty, $name:literal, $schema:tt) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

quantity_schema!(SimDuration, "Duration", {
    "type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]{1,9})?\s*(ns|us|ms|s|min|h)\s*$",
    "description": "a span of simulated time, e.g. \"250ms\""
});
quantity_schema!(Bytes, "Bytes", {
    "type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]{1,9})?\s*(B|kB|MB|GB|KiB|MiB|GiB)\s*$",
    "description": "a number of bytes, e.g. \"64 MiB\""
});
quantity_schema!(Factor, "Factor", {
    "type": "number", "minimum": 0.001, "maximum": 1_000_000.0, "description": "a factor, e.g. 2.5"
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_exactly() {
        assert_eq!(SimDuration::parse("1.5s"), Ok(SimDuration::from_millis(1500)));
        assert_eq!(SimDuration::parse(" 250 us "), Ok(SimDuration::from_micros(250)));
        assert_eq!(parse("64 MiB", &BYTE_UNITS, ""), Ok(64 << 20));
        assert_eq!(Bytes(64 << 20).to_string(), "64 MiB");
    }

    #[test]
    fn what_is_not_a_quantity_is_refused_with_advice() {
        for bad in ["", "5", "s", "5 parsecs", "-3s", "1.2.3s", "99999999999999999999s", "1.s.", "٣s"] {
            assert!(SimDuration::parse(bad).is_err(), "{bad} was accepted");
        }
        assert!(SimDuration::parse("-3s").unwrap_err().contains("negative"));
        assert!(SimDuration::parse("7").unwrap_err().contains("250ms"));
    }
}
