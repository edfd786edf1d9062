//! The JSON of accounts.

use neovm_evm::{AccountJson, read_json};

#[test]
fn a_number_is_hexadecimal_or_decimal_or_of_json() {
    let read = |text: &str| read_json::<AccountJson>(format!(r#"{{"nonce": {text}}}"#).as_bytes());
    for (text, nonce) in [(r#""0x1F""#, 31), (r#""010""#, 10), ("10", 10), (r#""0x""#, 0), (r#""""#, 0)] {
        assert_eq!(read(text).map(|account| account.nonce), Ok(nonce), "{text}");
    }
    for text in
        [r#""1_0""#, r#""0x1_0""#, r#""+1""#, r#""0x-1""#, r#"" 1""#, r#""1a""#, r#""0xg""#, r#""0X1""#, r#""١""#]
    {
        let error = read(text).unwrap_err();
        assert!(error.starts_with("nonce: ") && error.contains("is not a number: decimal, or hexadecimal"), "{error}");
    }
    for (text, found) in [("null", "null"), ("-1", "integer `-1`"), ("1.5", "floating point `1.5`"), ("[]", "list")] {
        let expected = format!("nonce: invalid type: {found}, expected a number: decimal, or hexadecimal after 0x");
        let error = read(text).unwrap_err();
        assert!(error.starts_with(&expected), "{error}");
    }
    for text in ["0x10000000000000000", &"9".repeat(100), &format!("0x{}", "f".repeat(65))] {
        let error = read(&format!("{text:?}")).unwrap_err();
        assert!(error.starts_with(&format!("nonce: {text} is too large at line 1")), "{error}");
    }
}
