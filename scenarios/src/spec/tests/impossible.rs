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
