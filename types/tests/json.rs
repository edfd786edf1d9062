//! Stack items as JSON.

use std::fmt;

use neovm_types::{
    Array, Integer, Interop, Map, StackItem,
    engine_internals::pointer as engine_pointer,
    item::{JsonError, JsonLimits, write_json_stack},
};
use proptest::prelude::*;
use serde_json::Value;

fn parse(text: &str) -> Result<StackItem, JsonError> {
    StackItem::from_json(&serde_json::from_str(text).unwrap())
}

#[test]
fn each_type_has_the_form_of_the_rpc() {
    let map = Map::new();
    map.insert("a".into(), true.into()).unwrap();
    map.insert(2.into(), StackItem::Null).unwrap();
    let big = Integer::from(i64::MAX).add(1.into()).unwrap();
    let cases: [(StackItem, &str); 12] = [
        (StackItem::Null, r#"{"type":"Any"}"#),
        (false.into(), r#"{"type":"Boolean","value":false}"#),
        ((-5).into(), r#"{"type":"Integer","value":"-5"}"#),
        (big.into(), r#"{"type":"Integer","value":"9223372036854775808"}"#),
        ("hi".into(), r#"{"type":"ByteString","value":"aGk="}"#),
        ([0xfb, 0xff][..].into(), r#"{"type":"ByteString","value":"\u002B/8="}"#),
        (StackItem::buffer(&[0xfb, 0xef, 0xbe]), r#"{"type":"Buffer","value":"\u002B\u002B\u002B\u002B"}"#),
        (StackItem::buffer(&[0xff]), r#"{"type":"Buffer","value":"/w=="}"#),
        (StackItem::Pointer(engine_pointer(3, 9)), r#"{"type":"Pointer","value":9}"#),
        (StackItem::Interop(Interop::new(1)), r#"{"type":"InteropInterface"}"#),
        (
            StackItem::array([1.into(), StackItem::structure([])]),
            r#"{"type":"Array","value":[{"type":"Integer","value":"1"},{"type":"Struct","value":[]}]}"#,
        ),
        (
            StackItem::Map(map),
            concat!(
                r#"{"type":"Map","value":[{"key":{"type":"ByteString","value":"YQ=="},"value":"#,
                r#"{"type":"Boolean","value":true}},{"key":{"type":"Integer","value":"2"},"value":{"type":"Any"}}]}"#
            ),
        ),
    ];
    for (item, text) in cases {
        assert_eq!(item.to_json().as_deref(), Ok(text));
    }
}

#[test]
fn a_stack_is_a_list() {
    let written = |items: &[StackItem]| {
        let mut text = String::new();
        write_json_stack(&mut text, items, JsonLimits::default()).map(|()| text)
    };
    assert_eq!(written(&[]).as_deref(), Ok("[]"));
    let two = r#"[{"type":"Boolean","value":true},{"type":"Array","value":[]}]"#;
    assert_eq!(written(&[true.into(), StackItem::array([])]).as_deref(), Ok(two));
}

#[test]
fn a_compound_that_holds_itself_has_no_json() {
    let array = Array::new(vec![]);
    array.push(StackItem::structure([StackItem::Array(array.clone())])).unwrap();
    assert_eq!(StackItem::Array(array.clone()).to_json(), Err(JsonError::Cycle));
    array.clear().unwrap();
    // Twice is no cycle.
    let inner = StackItem::array([]);
    assert!(StackItem::array([inner.clone(), inner]).to_json().is_ok());
}

#[test]
fn the_limits_hold() {
    let write = |item: &StackItem, nodes, text| {
        let mut out = String::new();
        write_json_stack(&mut out, [item], JsonLimits { nodes, text }).map(|()| out.len())
    };
    let item = StackItem::array([1.into(), 2.into()]);
    let length = write(&item, 100, 1000).unwrap();
    assert_eq!(write(&item, 3, length), Ok(length));
    assert_eq!(write(&item, 2, length), Err(JsonError::TooLarge));
    assert_eq!(write(&item, 3, length - 1), Err(JsonError::TooLarge));
    let doubled = (0..64).fold(StackItem::Null, |inner, _| StackItem::array([inner.clone(), inner]));
    assert_eq!(doubled.to_json(), Err(JsonError::TooLarge));
}

#[test]
fn a_writer_that_fails_is_an_error() {
    struct Full;
    impl fmt::Write for Full {
        fn write_str(&mut self, _: &str) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    assert_eq!(write_json_stack(&mut Full, [], JsonLimits::default()), Err(JsonError::Write));
}

#[test]
fn values_that_are_no_items_are_refused() {
    let cases = [
        ("1", "a stack item needs a \"type\": 1"),
        (r#"{"type":5}"#, "a stack item needs a \"type\""),
        (r#"{"type":"Float"}"#, "unknown item type"),
        (r#"{"type":"Boolean","value":"true"}"#, "a Boolean is true or false"),
        (r#"{"type":"Integer","value":true}"#, "an Integer is a decimal text: true"),
        (r#"{"type":"Integer","value":"1x"}"#, "\"1x\" is not a decimal integer"),
        (r#"{"type":"Integer","value":1.5}"#, "\"1.5\" is not a decimal integer"),
        (r#"{"type":"ByteString"}"#, "bytes are a base64 text: null"),
        (r#"{"type":"Buffer","value":"*"}"#, "bad base64"),
        (r#"{"type":"Array","value":{}}"#, "a compound needs a list as its value"),
        (r#"{"type":"Array","value":[{"type":"X"}]}"#, "unknown item type: {\"type\":\"X\"}"),
        (r#"{"type":"Map","value":[{"key":{"type":"Any"}}]}"#, "an entry of a Map needs \"key\" and \"value\""),
        (r#"{"type":"Map","value":[{"key":{"type":"Any"},"value":{"type":"Any"}}]}"#, "PrimitiveType"),
        (r#"{"type":"Pointer","value":1}"#, "this type cannot be given from outside"),
        (r#"{"type":"InteropInterface"}"#, "this type cannot be given from outside"),
    ];
    for (text, what) in cases {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(what), "{text}: {error}");
    }
    assert_eq!(parse(r#"{"type":"Integer","value":5}"#).unwrap().to_i32(), Ok(5));
}

/// Any item that JSON can give back.
fn item() -> impl Strategy<Value = StackItem> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    let leaf = prop_oneof![
        Just(StackItem::Null),
        any::<bool>().prop_map(StackItem::from),
        any::<i64>().prop_map(StackItem::from),
        prop::collection::vec(any::<u8>(), 0..=32).prop_map(|bytes| Integer::from_le_bytes(&bytes).unwrap().into()),
        bytes().prop_map(|bytes| bytes.as_slice().into()),
        bytes().prop_map(|bytes| StackItem::buffer(&bytes)),
    ];
    leaf.prop_recursive(4, 60, 6, |inner| {
        let entries = prop::collection::vec((any::<i64>(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(StackItem::array),
            prop::collection::vec(inner, 0..6).prop_map(StackItem::structure),
            entries.prop_map(|entries| {
                let map = Map::new();
                for (key, value) in entries {
                    map.insert(key.into(), value).unwrap();
                }
                StackItem::Map(map)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn items_come_back_from_their_json(item in item()) {
        let text = item.to_json().unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let back = StackItem::from_json(&value).unwrap();
        prop_assert_eq!(back.to_json().unwrap(), text);
        prop_assert_eq!(back.item_type(), item.item_type());
    }
}
