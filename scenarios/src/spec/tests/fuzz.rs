//! Goal: no input makes the library panic, and every refusal has a place and a printable text. Method: two thousand
//! mutations of the valid file with a fixed seed.

use lcg::Draws;

use super::{TestScenario, VALID, parse, spoil};
use crate::spec::{Override, Scenario};

/// A generator that needs no crate: Knuth's MMIX congruence.
mod lcg {
    pub(super) struct Draws(pub(super) u64);

    impl Draws {
        pub(super) fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % limit.max(1)
        }
    }
}

const PIECES: [&str; 24] = [
    "\"",
    "=",
    "[",
    "]]",
    "{",
    "}",
    "\n",
    ".",
    "-",
    "nan",
    "inf",
    "9223372036854775808",
    "1e308",
    "0",
    "\u{fffd}é",
    "\t",
    "'''",
    "#",
    "\"\"",
    "18446744073709551615h",
    "[[fault]]\n",
    "world.shop = 1\n",
    "99999999999s",
    "\u{1b}[31m",
];

fn mutate(draws: &mut Draws) -> Vec<u8> {
    let mut bytes = VALID.as_bytes().to_vec();
    for _ in 0..=draws.below(4) {
        let at = draws.below(bytes.len());
        let end = (at + draws.below(12)).min(bytes.len());
        match draws.below(5) {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.truncate(at.max(1)),
            2 => bytes[at] = draws.below(256) as u8,
            3 => {
                let copy = bytes[at..end].to_vec();
                let to = draws.below(bytes.len());
                bytes.splice(to..to, copy).for_each(drop);
            }
            _ => {
                let piece = PIECES[draws.below(PIECES.len())].bytes();
                bytes.splice(at..end, piece).for_each(drop);
            }
        }
    }
    bytes
}

#[test]
fn mutated_files_never_panic() {
    let mut draws = Draws(1);
    let (mut refused, mut accepted) = (0, 0);
    for _ in 0..2000 {
        let bytes = mutate(&mut draws);
        match TestScenario::parse_bytes("shop.toml", &bytes) {
            Ok(_) => accepted += 1,
            Err(error) => {
                refused += 1;
                let text = error.render();
                assert!(text.contains('^') && !text.contains('\u{1b}'), "{text}");
                let report = format!("{:?}", miette::Report::new(error));
                assert!(report.contains("shop.toml"), "{report}");
            }
        }
    }
    assert!(refused > 1000 && accepted > 50, "{refused} refused, {accepted} accepted");
}

#[test]
fn mutated_overrides_never_panic() {
    let scenario: TestScenario = parse(VALID).unwrap();
    let mut draws = Draws(2);
    let paths =
        ["workload.orders.arrivals", "fault.0.for", "world.shop.order.pool", "variant", "claim.0", "é.", "a..b"];
    for _ in 0..1000 {
        let mut text = format!("{}={}", paths[draws.below(paths.len())], PIECES[draws.below(PIECES.len())]);
        let mut at = draws.below(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.insert_str(at, PIECES[draws.below(PIECES.len())]);
        let resolved = Override::parse(&text).and_then(|each| Scenario::resolve(&scenario, Some("large"), &[each]));
        if let Err(error) = resolved {
            assert!(error.render().contains('^'), "{error}");
        }
    }
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    for text in [
        format!("x = {}", "[".repeat(500_000)),
        format!("x = {}", "{a=".repeat(200_000)),
        format!("{}a = 1", "a.".repeat(400_000)),
        format!("[{}a]", "a.".repeat(400_000)),
        spoil("\"world.shop.order.pool.size\"", &format!("\"{}a\"", "a.".repeat(400_000))),
        spoil("\"world.shop.order.pool.size\"", &format!("\"title{}\"", ".a".repeat(400_000))),
    ] {
        assert!(parse(&text).is_err());
    }
    let nested = format!("x = {}1{}", "{a.a.a.a.a.a=".repeat(60), "}".repeat(60));
    assert!(parse(&nested).unwrap_err().to_string().contains("more than 32 levels deep"));
    let scenario: TestScenario = parse(VALID).unwrap();
    for text in [format!("figure.{}a=1", "a.".repeat(400_000)), format!("figure={{{}a=1}}", "a.".repeat(400_000))] {
        let error = scenario.resolve(None, &[Override::parse(&text).unwrap()]).unwrap_err();
        assert!(error.to_string().contains("more than 16 parts"), "{error}");
    }
    let dots = spoil("\"A shop\"", "\"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t \\\" .\" # ................... . . .");
    parse(&dots).expect("dots in texts and comments are no keys");
}
