//! Goal: what fits the types and cannot be gets its message, line, caret and advice.

use super::{assert_error, parse, spoil};

#[test]
fn all_problems_are_told_at_once() {
    let text = spoil("node = \"inventory\"", "node = \"inventroy\"").replace("\"10s\"", "\"3min\"");
    let error = parse(&text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "shop.toml:4:10: the warm-up 180 s leaves nothing of the duration 120 s (and 1 more)"
    );
    assert_eq!((error.problems()[1].line(), error.problems()[1].column()), (Some(17), Some(28)));
    assert_eq!(error.problems()[1].help(), Some("did you mean `inventory`?"));
}

#[test]
fn an_unknown_node_is_answered_with_the_nearest() {
    assert_error(
        r#"node = "inventory""#,
        r#"node = "inventroy""#,
        &[
            "error: there is no node `inventroy`",
            "  --> shop.toml:17:28",
            "   |",
            r#"17 | inject = { slow = { node = "inventroy", factor = 20 } }"#,
            "   |                            ^^^^^^^^^^^",
            "   = help: did you mean `inventory`?",
        ],
    );
}

const SLOW: &str = "slow = { node = \"inventory\", factor = 20 }";

#[test]
fn what_is_no_process_cannot_crash() {
    assert_error(
        SLOW,
        "crash = { node = \"order-db\" }",
        &[
            "error: `crash` cannot hit `order-db`, which is not a process",
            "  --> shop.toml:17:29",
            "   |",
            r#"17 | inject = { crash = { node = "order-db" } }"#,
            "   |                             ^^^^^^^^^^",
            "   = help: `crash` can hit `gateway`, `order`, `inventory`; `order-db` can be hit by `slow`",
        ],
    );
}

#[test]
fn who_does_not_compute_cannot_be_slowed() {
    assert_error(
        SLOW,
        "slow = { node = \"customers\", factor = 20 }",
        &[
            "error: `slow` cannot hit `customers`, which does not compute",
            "  --> shop.toml:17:28",
            "   |",
            r#"17 | inject = { slow = { node = "customers", factor = 20 } }"#,
            "   |                            ^^^^^^^^^^^",
            "   = help: `slow` can hit `gateway`, `order`, `inventory`, `order-db`; `customers` can be hit by `cut`, `loss`, `delay`",
        ],
    );
}

#[test]
fn what_is_not_on_the_network_has_no_links() {
    assert_error(
        SLOW,
        "cut = { from = \"order\", to = \"order-db\" }",
        &[
            "error: `cut` cannot hit `order-db`, which is not on the network",
            "  --> shop.toml:17:41",
            "   |",
            r#"17 | inject = { cut = { from = "order", to = "order-db" } }"#,
            "   |                                         ^^^^^^^^^^",
            "   = help: `cut` can hit `gateway`, `order`, `inventory`, `customers`; `order-db` can be hit by `slow`",
        ],
    );
}

#[test]
fn each_kind_of_fault_hits_what_it_can() {
    let accepted = |inject: &str| parse(&spoil(SLOW, inject)).is_ok();
    for (node, can) in [("order", [true; 3]), ("order-db", [false, true, false]), ("customers", [false, false, true])] {
        for kind in ["pause", "crash", "down", "stop", "host_loss"] {
            assert_eq!(accepted(&format!("{kind} = {{ node = \"{node}\" }}")), can[0], "{kind} {node}");
        }
        assert_eq!(accepted(&format!("slow = {{ node = \"{node}\", factor = 2 }}")), can[1], "slow {node}");
        for (kind, more) in [("cut", ""), ("loss", ", percent = 1"), ("delay", ", by = \"1s\"")] {
            for (from, to) in [(node, "gateway"), ("gateway", node)] {
                let inject = format!("{kind} = {{ from = \"{from}\", to = \"{to}\"{more} }}");
                assert_eq!(accepted(&inject), can[2], "{inject}");
            }
        }
    }
    assert!(!accepted("pool_shrink = { pool = \"order-db\", size = 1 }"));
    assert!(accepted("pool_shrink = { pool = \"order.db\", size = 1 }"));
}

#[test]
fn a_misspelt_node_is_answered_with_one_that_the_fault_can_hit() {
    let error = parse(&spoil(SLOW, "crash = { node = \"order-bd\" }")).unwrap_err();
    assert_eq!(error.problems()[0].help(), Some("known: `gateway`, `order`, `inventory`"));
}

#[test]
fn an_unknown_pool_is_answered_with_those_there_are() {
    assert_error(
        "slow = { node = \"inventory\", factor = 20 }",
        "pool_shrink = { pool = \"gateway.slots\", size = 1 }",
        &[
            "error: there is no pool `gateway.slots`",
            "  --> shop.toml:17:35",
            "   |",
            r#"17 | inject = { pool_shrink = { pool = "gateway.slots", size = 1 } }"#,
            "   |                                   ^^^^^^^^^^^^^^^",
            "   = help: known: `order.db`",
        ],
    );
}

#[test]
fn an_unknown_class_is_answered_with_the_nearest() {
    assert_error(
        r#"class = "orders""#,
        r#"class = "order""#,
        &[
            "error: there is no request class `order`",
            "  --> shop.toml:10:9",
            "   |",
            r#"10 | class = "order""#,
            "   |         ^^^^^^^",
            "   = help: did you mean `orders`?",
        ],
    );
}

#[test]
fn a_fault_cannot_end_before_it_begins() {
    assert_error(
        r#"for = "40s""#,
        r#"until = "20s""#,
        &[
            "error: the fault ends at 20 s, before its beginning at 30 s",
            "  --> shop.toml:16:9",
            "   |",
            r#"16 | until = "20s""#,
            "   |         ^^^^^",
            "   = help: `until` counts from the beginning of the run; for a length, write `for`",
        ],
    );
}

#[test]
fn a_fault_cannot_begin_after_the_run() {
    assert_error(
        r#"at = "30s""#,
        r#"at = "130s""#,
        &[
            "error: the fault begins at 130 s, but the run ends at 120 s",
            "  --> shop.toml:15:6",
            "   |",
            r#"15 | at = "130s""#,
            "   |      ^^^^^^",
            "   = help: begin earlier, or make the duration longer",
        ],
    );
}

#[test]
fn a_fault_cannot_end_after_the_run() {
    assert_error(
        r#"for = "40s""#,
        r#"for = "400s""#,
        &[
            "error: the fault ends at 430 s, but the run ends at 120 s",
            "  --> shop.toml:16:7",
            "   |",
            r#"16 | for = "400s""#,
            "   |       ^^^^^^",
            "   = help: leave out `for` and `until` for a fault that lasts to the end",
        ],
    );
}

#[test]
fn a_fault_has_one_end() {
    assert_error(
        r#"for = "40s""#,
        "for = \"40s\"\nuntil = \"70s\"",
        &[
            "error: the fault has both `for` and `until`",
            "  --> shop.toml:17:9",
            "   |",
            r#"17 | until = "70s""#,
            "   |         ^^^^^",
            "   = help: keep one of them",
        ],
    );
}

#[test]
fn too_many_arrivals_in_sum_are_refused() {
    let text = spoil("poisson = 80", "poisson = 100_000").replace("2min", "5min");
    let lines = [
        "error: about 30000000 arrivals are expected in 300 s; the limit is 20000000",
        "  --> shop.toml:11:12",
        "   |",
        "11 | arrivals = { poisson = 100_000 }",
        "   |            ^^^^^^^^^^^^^^^^^^^^^",
        "   = help: lower the rate or the duration: a world at a tenth of the size shows the same",
        "",
    ];
    assert_eq!(parse(&text).unwrap_err().render(), lines.join("\n"));
}

#[test]
fn variant_names_differ() {
    assert_error(
        r#"name = "large""#,
        r#"name = "small""#,
        &[
            "error: the variant name `small` is used twice",
            "  --> shop.toml:24:8",
            "   |",
            r#"24 | name = "small""#,
            "   |        ^^^^^^^",
            "   = help: give each variant its own name",
        ],
    );
}

#[test]
fn luck_is_counted_over_many_seeds() {
    assert_error(
        r#"name = "large""#,
        "name = \"large\"\nluck = { seeds = 1, of = 8, because = \"who knows\" }",
        &[
            "error: 1 of 8 seeds say nothing about luck",
            "  --> shop.toml:25:8",
            "   |",
            r#"25 | luck = { seeds = 1, of = 8, because = "who knows" }"#,
            "   |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
            "   = help: count in a sweep of a hundred seeds or more, or leave `luck` out if all runs are as the scenario says",
        ],
    );
}

#[test]
fn a_claim_speaks_of_a_known_variant() {
    assert_error(
        "metric = \"orders.failed\"",
        "metric = \"orders.failed\"\nvariant = \"smal\"",
        &[
            "error: there is no variant `smal`",
            "  --> shop.toml:33:11",
            "   |",
            r#"33 | variant = "smal""#,
            "   |           ^^^^^^",
            "   = help: did you mean `small`?",
        ],
    );
}

#[test]
fn a_claim_compares_with_something() {
    assert_error(
        "value = 0\n",
        "",
        &[
            "error: the claim compares with nothing",
            "  --> shop.toml:33:6",
            "   |",
            r#"33 | op = ">""#,
            "   |      ^^^",
            r#"   = help: write a number, `value = 0`, or another metric, `than = { metric = "…", variant = "…" }`"#,
        ],
    );
}

#[test]
fn a_zero_duration_is_refused_alone() {
    assert_error(
        r#"duration = "2min""#,
        r#"duration = "0s""#,
        &[
            "error: the duration is zero: nothing would happen",
            " --> shop.toml:3:12",
            "  |",
            r#"3 | duration = "0s""#,
            "  |            ^^^^",
            r#"  = help: write how long to run, like "2min""#,
        ],
    );
}

#[test]
fn a_duration_above_the_limit_is_refused() {
    assert_error(
        r#"duration = "2min""#,
        r#"duration = "7h""#,
        &[
            "error: the duration 25200 s is above 21600 s",
            " --> shop.toml:3:12",
            "  |",
            r#"3 | duration = "7h""#,
            "  |            ^^^^",
            "  = help: a shorter run shows the same",
        ],
    );
}

#[test]
fn the_warm_up_is_shorter_than_the_run() {
    assert_error(
        r#"warmup = "10s""#,
        r#"warmup = "2min""#,
        &[
            "error: the warm-up 120 s leaves nothing of the duration 120 s",
            " --> shop.toml:4:10",
            "  |",
            r#"4 | warmup = "2min""#,
            "  |          ^^^^^^",
            "  = help: the warm-up is a part of the duration: make it shorter",
        ],
    );
}

#[test]
fn the_world_checks_itself() {
    assert_error(
        "size = 10 }",
        "size = 0 }",
        &[
            "error: the pool needs at least one place",
            " --> shop.toml:7:23",
            "  |",
            "7 | order.pool = { size = 0 }",
            "  |                       ^",
            "  = help: change `world.shop.order.pool.size`",
        ],
    );
}

#[test]
fn a_step_is_a_whole_number_of_microseconds() {
    let text = format!("step = \"1500ns\"\n{}", spoil("duration = \"2min\"", "duration = \"15ms\""));
    let error = parse(&text).unwrap_err();
    assert!(error.problems().iter().any(|p| p.message().contains("whole microseconds")), "{}", error.render());
}
