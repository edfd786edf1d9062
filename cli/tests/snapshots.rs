//! What the program prints, compared with `cmd`: the help of each command, and the
//! dialogues of a first hour. `TRYCMD=overwrite` renews them.

#[test]
fn what_is_printed_is_as_it_was() {
    trycmd::TestCases::new().env("NO_COLOR", "1").case("tests/cmd/*.trycmd").case("tests/cmd/*.md");
}
