//! The article's order in three encodings, byte by byte: what would travel if its services did not speak JSON.
//!
//! The model sends JSON. The other two are as measured (MODEL-REFERENCE.md F); the frame is that of a schema
//! registry: a magic byte and a schema id of four bytes, and in Protobuf the index of the message.

use gridlock_sim::engine::SimTime;

use super::payload;

/// One encoding of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Its name.
    pub name: &'static str,
    /// Bytes of the order itself.
    pub payload: u64,
    /// Bytes that a schema registry's serializer puts before it.
    pub frame: u64,
}

/// Magic byte and schema id.
const FRAME: u64 = 5;

/// `orderId` 12345, `customerId` 67890, two of A123 and one of B456: fields 1, 2, 3 and 1, 2.
const PROTOBUF: &[u8] = b"\x0a\x0512345\x12\x0567890\x1a\x08\x0a\x04A123\x10\x02\x1a\x08\x0a\x04B456\x10\x01";

/// The same as a record of two strings and an array of records.
const AVRO: &[u8] = b"\x0a12345\x0a67890\x04\x08A123\x04\x08B456\x02\x00";

/// The encodings, largest first.
pub fn encodings() -> [Encoding; 3] {
    let json = payload::order_created(12_345, false, SimTime::ZERO).value.map_or(0, |value| value.len());
    [
        Encoding { name: "JSON", payload: json as u64, frame: FRAME },
        Encoding { name: "Protobuf", payload: PROTOBUF.len() as u64, frame: FRAME + 1 },
        Encoding { name: "Avro", payload: AVRO.len() as u64, frame: FRAME },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_that_were_measured() {
        let sizes = encodings().map(|each| (each.payload, each.payload + each.frame));
        assert_eq!(sizes, [(118, 123), (34, 40), (26, 31)]);
    }
}
