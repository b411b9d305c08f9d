//! Goal: what is not TOML, or does not fit the types, gets its message, line, caret and advice.

use super::{assert_error, error_of, parse, spoil};

#[test]
fn names_cannot_send_control_sequences_to_the_terminal() {
    let error = error_of("class = \"orders\"", "class = \"or\\u001b[31mders\"");
    assert!(!error.contains('\u{1b}') && error.contains("`or\u{fffd}[31mders`"), "{error}");
}

#[test]
fn miette_shows_the_same_place() {
    let error = parse(&spoil("warmup =", "warmpu =")).unwrap_err();
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::none());
    let mut text = String::new();
    handler.render_report(&mut text, &error).unwrap();
    assert!(text.contains("[shop.toml:4:1]") && text.contains("help: did you mean `warmup`?"), "{text}");
}

#[test]
fn a_misspelt_key_is_answered_with_the_nearest() {
    assert_error(
        "warmup =",
        "warmpu =",
        &[
            "error: unknown key `warmpu`",
            " --> shop.toml:4:1",
            "  |",
            r#"4 | warmpu = "10s""#,
            "  | ^^^^^^",
            "  = help: did you mean `warmup`?",
        ],
    );
}

#[test]
fn a_misspelt_key_within_a_kind_is_answered_with_the_nearest() {
    assert_error(
        "factor = 20",
        "facter = 20",
        &[
            "error: unknown key `facter`",
            "  --> shop.toml:17:41",
            "   |",
            r#"17 | inject = { slow = { node = "inventory", facter = 20 } }"#,
            "   |                                         ^^^^^^",
            "   = help: did you mean `factor`?",
        ],
    );
}

#[test]
fn a_misspelt_kind_is_answered_with_the_nearest() {
    assert_error(
        "slow = {",
        "slwo = {",
        &[
            "error: unknown kind `slwo`",
            "  --> shop.toml:17:12",
            "   |",
            r#"17 | inject = { slwo = { node = "inventory", factor = 20 } }"#,
            "   |            ^^^^",
            "   = help: did you mean `slow`?",
        ],
    );
}

#[test]
fn a_negative_rate_is_refused() {
    assert_error(
        "poisson = 80",
        "poisson = -80",
        &[
            "error: the rate -80 is negative",
            "  --> shop.toml:11:24",
            "   |",
            "11 | arrivals = { poisson = -80 }",
            "   |                        ^^^",
            "   = help: rates start at 0 per second",
        ],
    );
}

#[test]
fn a_huge_rate_is_refused() {
    assert_error(
        "poisson = 80",
        "poisson = 1e9",
        &[
            "error: the rate 1000000000 is above 100000 per second",
            "  --> shop.toml:11:24",
            "   |",
            "11 | arrivals = { poisson = 1e9 }",
            "   |                        ^^^",
            "   = help: scale the world down with it",
        ],
    );
}

#[test]
fn a_rate_that_is_no_number_is_refused() {
    assert_error(
        "poisson = 80",
        "poisson = nan",
        &[
            "error: the rate NaN is not a number",
            "  --> shop.toml:11:24",
            "   |",
            "11 | arrivals = { poisson = nan }",
            "   |                        ^^^",
            "   = help: write how many arrive per second, like 80",
        ],
    );
}

#[test]
fn an_infinite_rate_is_refused() {
    assert_error(
        "poisson = 80",
        "poisson = inf",
        &[
            "error: the rate inf is not a number",
            "  --> shop.toml:11:24",
            "   |",
            "11 | arrivals = { poisson = inf }",
            "   |                        ^^^",
            "   = help: write how many arrive per second, like 80",
        ],
    );
}

#[test]
fn a_factor_that_is_no_number_is_refused() {
    assert_error(
        "factor = 20",
        "factor = nan",
        &[
            "error: factor NaN must lie between 0.001 and 1000000",
            "  --> shop.toml:17:50",
            "   |",
            r#"17 | inject = { slow = { node = "inventory", factor = nan } }"#,
            "   |                                                  ^^^",
        ],
    );
}

#[test]
fn a_syntax_error_is_shown_where_it_is() {
    assert_error(
        r#"duration = "2min""#,
        r#"duration = = "2min""#,
        &[
            "error: this is not valid TOML: extra `=`",
            " --> shop.toml:3:12",
            "  |",
            r#"3 | duration = = "2min""#,
            "  |            ^",
            "  = help: the file must be TOML: see https://toml.io/en/v1.0.0",
        ],
    );
}

#[test]
fn text_without_quotes_is_refused() {
    assert_error(
        r#""A shop""#,
        "A shop",
        &[
            "error: this is not valid TOML: string values must be quoted",
            " --> shop.toml:1:9",
            "  |",
            "1 | title = A shop",
            "  |         ^^^^^^",
            "  = help: put the text in double quotes",
        ],
    );
}

#[test]
fn a_duration_without_unit_is_refused() {
    assert_error(
        r#"duration = "2min""#,
        "duration = 120",
        &[
            "error: found integer `120` where text belongs",
            " --> shop.toml:3:12",
            "  |",
            "3 | duration = 120",
            "  |            ^^^",
            r#"  = help: put it in double quotes; a time needs its unit, like "90s""#,
        ],
    );
}

#[test]
fn a_number_above_i64_is_refused() {
    assert_error(
        "value = 0",
        "value = 9223372036854775808",
        &[
            "error: the number `9223372036854775808` does not fit",
            "  --> shop.toml:34:9",
            "   |",
            "34 | value = 9223372036854775808",
            "   |         ^^^^^^^^^^^^^^^^^^^",
            "   = help: write a whole number from -9223372036854775808 to 9223372036854775807",
        ],
    );
}

#[test]
fn a_number_above_every_type_is_refused() {
    assert_error(
        "value = 0",
        "value = 99999999999999999999999999999999999999999",
        &[
            "error: the number is too large",
            "  --> shop.toml:34:9",
            "   |",
            "34 | value = 99999999999999999999999999999999999999999",
            "   |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
            "   = help: no number in a scenario needs more than 19 digits",
        ],
    );
}

#[test]
fn a_missing_key_is_named() {
    assert_error(
        "arrivals = { poisson = 80 }\n",
        "",
        &[
            "error: the key `arrivals` is missing here",
            " --> shop.toml:9:1",
            "  |",
            "9 | [[workload]]",
            "  | ^^^^^^^^^^^^",
            "  = help: add a line `arrivals = …`",
        ],
    );
}

#[test]
fn two_kinds_are_refused() {
    assert_error(
        "poisson = 80",
        "poisson = 80, constant = 4",
        &[
            "error: exactly one kind must be given here, not several",
            "  --> shop.toml:11:12",
            "   |",
            "11 | arrivals = { poisson = 80, constant = 4 }",
            "   |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
            "   = help: give one kind, for instance `arrivals = { poisson = 80 }`",
        ],
    );
}

#[test]
fn a_text_in_place_of_a_number_is_refused() {
    assert_error(
        "size = 10 }",
        r#"size = "10" }"#,
        &[
            r#"error: found string "10" where a whole number from 0 to 4294967295 belongs"#,
            " --> shop.toml:7:23",
            "  |",
            r#"7 | order.pool = { size = "10" }"#,
            "  |                       ^^^^",
            "  = help: write the number without quotes and without a decimal point",
        ],
    );
}
