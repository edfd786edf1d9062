//! JSON as the node reads and writes it: `Neo.Json` over .NET's `System.Text.Json`.

use neovm_types::json::Json;
use num_bigint::BigUint;
use proptest::prelude::*;

fn parse(text: &str) -> Result<Json, String> {
    Json::parse(text.as_bytes(), Json::MAX_DEPTH).map_err(|error| error.to_string())
}

/// What becomes of a text that is read and written.
fn again(text: &str) -> String {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_string()
}

fn error(text: &str) -> String {
    parse(text).expect_err(text)
}

#[test]
fn keys_keep_their_order() {
    let text = r#"{"b":1,"a":[true,false,null,"x"],"":{},"B":[]}"#;
    assert_eq!(again(text), text);
    assert_eq!(again(" { \"b\" : [ 1 ,\t2 ] ,\r\n\"a\" : { } } "), r#"{"b":[1,2],"a":{}}"#);
    let value = parse(text).unwrap();
    assert_eq!((value.get("b"), value.get("c")), (Some(&Json::Number(1.0)), None));
    assert_eq!((Json::Null.get("b"), Json::from("t").as_str(), Json::Null.as_str()), (None, Some("t"), None));
}

#[test]
fn a_key_occurs_once() {
    assert!(error(r#"{"a":1,"a":1}"#).contains("key \"a\" occurs twice at line 1 column"));
    assert!(error("[{\"a\":1,\n\"\\u0061\":1}]").contains("key \"a\" occurs twice at line 2 column"));
    assert_eq!(again(r#"{"a":{"a":1},"A":2}"#), r#"{"a":{"a":1},"A":2}"#);
}

#[test]
fn numbers_take_the_form_of_dotnet() {
    let cases = [
        ("0", "0"),
        ("-0", "-0"),
        ("-0.0e5", "-0"),
        ("1.0", "1"),
        ("1.50", "1.5"),
        ("-60", "-60"),
        ("1e2", "100"),
        ("0.1e1", "1"),
        ("123.456", "123.456"),
        ("0.5", "0.5"),
        ("0.0001", "0.0001"),
        ("0.00012345", "0.00012345"),
        ("0.00001", "1E-05"),
        ("-0.0000125", "-1.25E-05"),
        ("9007199254740991", "9007199254740991"),
        // Read as a 64-bit float, so the last digit is lost.
        ("9007199254740993", "9007199254740992"),
        ("10000000000000001", "10000000000000000"),
        ("12345678901234567", "12345678901234568"),
        ("1e16", "10000000000000000"),
        ("100000000000000000", "1E+17"),
        ("123456789012345678", "1.2345678901234568E+17"),
        ("9223372036854775807", "9.223372036854776E+18"),
        ("18446744073709551615", "1.8446744073709552E+19"),
        ("18446744073709551616", "1.8446744073709552E+19"),
        ("1E100", "1E+100"),
        ("123e20", "1.23E+22"),
        ("1.7976931348623157e308", "1.7976931348623157E+308"),
        ("2.2250738585072014e-308", "2.2250738585072014E-308"),
        ("4.9e-324", "5E-324"),
        ("1e-400", "0"),
        ("-1e-99999999999999999999", "-0"),
        ("0e99999999999999999999", "0"),
        ("9.5367431640625e-7", "9.5367431640625E-07"),
        // Two candidates are equally near: the even digit wins.
        ("1125899906842624.25", "1125899906842624.2"),
        ("1125899906842624.75", "1125899906842624.8"),
        ("562949953421312.125", "562949953421312.1"),
        // Halfway between two floats: the even one, unless a digit far behind says otherwise.
        ("9007199254740993.00000000000000000000000000000000000001", "9007199254740994"),
    ];
    for (text, expected) in cases {
        assert_eq!(again(text), expected, "{text}");
    }
    assert_eq!(Json::Number(f64::NAN).to_string(), "null");
}

fn number(text: &str) -> f64 {
    match Json::parse(text.as_bytes(), 0) {
        Ok(Json::Number(value)) => value,
        other => panic!("{text}: {other:?}"),
    }
}

/// The values are those of .NET's `Utf8JsonReader`.
#[test]
fn ties_of_20_digits_go_up_if_the_integer_is_wide_and_has_a_fraction() {
    let cases = [
        // 19 digits and 20, zeros included.
        ("9007199254740993.000", 9_007_199_254_740_992.0),
        ("9007199254740993.0000", 9_007_199_254_740_994.0),
        ("-9007199254740993.0000", -9_007_199_254_740_994.0),
        ("9007199254740993000e-3", 9_007_199_254_740_992.0),
        ("90071992547409930000e-4", 9_007_199_254_740_994.0),
        ("0.00900719925474099300E+18", 9_007_199_254_740_992.0),
        ("0.0090071992547409930000E+18", 9_007_199_254_740_994.0),
        // An integer below 2^53 is not wide.
        ("4503599627370496.5000", 4_503_599_627_370_496.0),
        ("9007199254740991.5000", 9_007_199_254_740_992.0),
        // No digit stands behind this one but in the second form.
        ("36893488147419107328", 36_893_488_147_419_103_232.0),
        ("36893488147419107328.0", 36_893_488_147_419_111_424.0),
        // No ties, and one whose even neighbour is the upper one.
        ("9007199254740992.9999999999", 9_007_199_254_740_992.0),
        ("9007199254740992.0000000000", 9_007_199_254_740_992.0),
        ("9007199254740993.0000000001", 9_007_199_254_740_994.0),
        ("9007199254740995.0000000000", 9_007_199_254_740_996.0),
        ("0.00000000000000000000000000", 0.0),
    ];
    for (text, expected) in cases {
        assert_eq!(number(text).to_bits(), f64::to_bits(expected), "{text}");
    }
    let list = r#"{"\"9007199254740993.0000":["9007199254740993.0000\\",9007199254740993.0000,-1]}"#;
    let read = r#"{"\u00229007199254740993.0000":["9007199254740993.0000\\",9007199254740994,-1]}"#;
    assert_eq!(again(list), read);
    for text in
        ["9007199254740993.0000.0", "09007199254740993.0000", "9007199254740993.0000e", "--9007199254740993.0000"]
    {
        error(text);
    }
}

/// The values are those of .NET's `Utf8JsonReader`.
#[test]
fn ties_go_up_if_a_digit_stands_at_place_768() {
    // Halfway between two floats. Its last digit other than 0 stands 16 places behind the zeros.
    let tie = |zeros: usize, digits: &str| number(&format!("0.{}{digits}e{}", "0".repeat(zeros), zeros + 16));
    assert_eq!(tie(750, "45035996273704965000"), 4_503_599_627_370_496.0);
    assert_eq!(tie(751, "45035996273704965000"), 4_503_599_627_370_497.0);
    assert_eq!(tie(751, "4503599627370496500"), 4_503_599_627_370_496.0);
    // Half the smallest float has 752 digits, and 323 zeros before them.
    let half = BigUint::from(5_u8).pow(1075).to_string();
    assert_eq!(number(&format!("0.{half}e-323")), 0.0);
    assert_eq!(number(&format!("0.{half:0>1075}")), f64::from_bits(1));
    assert_eq!(number(&format!("0.{:0>1075}", format!("{}4", &half[..751]))), 0.0);
}

#[test]
fn numbers_that_are_not_json_are_refused() {
    let cases =
        ["1e400", "-1e400", "01", "-", "+1", "1.", ".5", "1.e5", "1e", "1e+", "0x10", "NaN", "Infinity", "-01", "1_0"];
    for text in cases {
        error(text);
        error(&format!("[{text}]"));
    }
}

#[test]
fn strings_are_escaped_as_the_node_does() {
    let cases = [
        (r#""<>&'+`""#, r#""\u003C\u003E\u0026\u0027\u002B\u0060""#),
        (r#""\"\\\/""#, r#""\u0022\\/""#),
        (r#""\b\f\n\r\t""#, r#""\b\f\n\r\t""#),
        (r#""\u0000\u001f\u007f""#, r#""\u0000\u001F\u007F""#),
        ("\"\u{7f}~ !#$%()*,-./09:;=?@AZ[]^_az{|}\"", r#""\u007F~ !#$%()*,-./09:;=?@AZ[]^_az{|}""#),
        ("\"é€😀\"", r#""\u00E9\u20AC\uD83D\uDE00""#),
        (r#""\ud83d\ude00\u00E9""#, r#""\uD83D\uDE00\u00E9""#),
        ("{\"é<\":\"\u{2028}\"}", r#"{"\u00E9\u003C":"\u2028"}"#),
    ];
    for (text, expected) in cases {
        assert_eq!(again(text), expected);
        assert_eq!(again(expected), expected);
    }
}

#[test]
fn strings_that_are_not_json_are_refused() {
    for text in ["\"", "\"a", "\"\\", "\"\\\"", r#""\x""#, r#""\u00g0""#, r#""\u00""#, "\"\n\"", "\"\u{1}\"", "'a'"] {
        error(text);
    }
    // Halves of surrogate pairs have no UTF-8.
    for text in [r#""\ud800""#, r#""\udc00""#, r#""\ud800\u0041""#, r#"{"\ud800":1}"#] {
        error(text);
    }
    for bytes in [&b"\"\xff\""[..], b"\"\xc0\x80\"", b"\"\xed\xa0\x80\"", b"{\"\xff\":1}", b"\xef\xbb\xbf1"] {
        assert!(Json::parse(bytes, 64).is_err(), "{bytes:02x?}");
    }
}

#[test]
fn comments_are_skipped() {
    let cases = [
        ("/*a*/1//b", "1"),
        ("//a\n1", "1"),
        ("//a\r1", "1"),
        ("1/**/", "1"),
        ("1/***/ /*/*/", "1"),
        ("[/*a*/]", "[]"),
        ("[1/*a*/,/*b*/2/*c*/]", "[1,2]"),
        ("{/*a*/\"k\":/*b*/1/*c*/,/*d*/\"l\": // e\n2}", r#"{"k":1,"l":2}"#),
        ("{\"k\":1}/*a\n*/\n//b", r#"{"k":1}"#),
        ("[\"/*no*/\",\"//no\",\"\\\"/*no*/\"]", r#"["/*no*/","//no","\u0022/*no*/"]"#),
        ("/*\u{2028}*/1", "1"),
    ];
    for (text, expected) in cases {
        assert_eq!(again(text), expected, "{text}");
    }
    // Nobody looks at the bytes of a comment.
    assert_eq!(Json::parse(b"/*\xff*/1//\xff", 64).map_err(|error| error.to_string()), Ok(Json::Number(1.0)));
}

#[test]
fn comments_that_the_node_refuses() {
    assert_eq!(error("{\"k\"/*a*/:1}"), "a comment stands before this colon at line 1 column 10");
    assert_eq!(error("{\"k\" //a\n:1}"), "a comment stands before this colon at line 2 column 1");
    assert_eq!(error("[1,\n /*a"), "this comment is not closed at line 2 column 2");
    assert_eq!(error("/*/"), "this comment is not closed at line 1 column 1");
    assert_eq!(error("1//a\u{2028}b"), "a line separator stands in a comment at line 1 column 5");
    assert_eq!(error("1//a\u{2029}"), "a line separator stands in a comment at line 1 column 5");
    for text in
        ["", "/*a*/", "//a", "/", "1/", "1 / 2", "1/*a*/2", "tr/**/ue", "-/**/1", "[1,/*a*/]", "{\"k\":1,/*a*/}"]
    {
        error(text);
    }
}

#[test]
fn what_is_not_json_is_refused() {
    let cases = [
        "",
        " ",
        "\u{c}1",
        "\u{a0}1",
        "[1,]",
        "{\"k\":1,}",
        "[,1]",
        "[1 2]",
        "{k:1}",
        "{\"k\"}",
        "{\"k\":}",
        "{1:1}",
        "[",
        "]",
        "{",
        "}",
        "[}",
        "{]",
        "True",
        "nul",
        "nulll",
        "1 1",
        "{} x",
        "[1",
        "{\"k\":1",
    ];
    for text in cases {
        error(text);
    }
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    for limit in [1, 10, 64] {
        assert!(Json::parse(nested(limit).as_bytes(), limit).is_ok());
        let error = Json::parse(nested(limit + 1).as_bytes(), limit).unwrap_err().to_string();
        assert!(error.starts_with(&format!("more than {limit} arrays and objects inside one another")), "{error}");
    }
    assert!(Json::parse(b"1", 0).is_ok() && Json::parse(b"{}", 0).is_err());
    assert!(Json::parse(br#"{"a":[{}]}"#, 3).is_ok() && Json::parse(br#"{"a":[{}]}"#, 2).is_err());
    assert!(Json::parse("[".repeat(1 << 20).as_bytes(), 64).is_err());
}

#[test]
fn other_serializers_get_the_same_value() {
    let text = r#"{"b":[1,-2,1.5,1e+300,9007199254740992,9.223372036854776e+18],"a":{"x":null,"y":true}}"#;
    assert_eq!(serde_json::to_string(&parse(text).unwrap()).unwrap(), text);
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(Json::Number),
        any::<i64>().prop_map(|value| Json::Number(value as f64)),
        any::<String>().prop_map(Json::String),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Json::Object(members.into_iter().rev().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(value in any_json()) {
        let text = value.to_string();
        prop_assert!(text.is_ascii());
        prop_assert_eq!(parse(&text), Ok(value));
    }

    #[test]
    fn any_bytes_are_json_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(value) = Json::parse(&bytes, 64) {
            prop_assert_eq!(parse(&value.to_string()), Ok(value));
        }
    }

    #[test]
    fn texts_with_comments_are_json_or_an_error(text in r#"[\[\]{}:, \n/*"\\a1-]{0,40}"#) {
        if let Ok(value) = parse(&text) {
            prop_assert_eq!(parse(&value.to_string()), Ok(value));
        }
    }
}
