//! Stack items as bytes.

use neovm_types::{
    FaultKind, Integer, Interop, Map, StackItem,
    engine_internals::pointer as engine_pointer,
    item::binary::{deserialize, deserialize_fields, serialize, serialize_struct, serialized_size},
};
use proptest::prelude::*;

const MAX_SIZE: usize = 131_070;
const MAX_ITEMS: usize = 2048;

fn to_bytes(item: &StackItem) -> Result<Vec<u8>, FaultKind> {
    serialize(item, MAX_SIZE, MAX_ITEMS)
}

fn from_bytes(bytes: &[u8]) -> Result<StackItem, FaultKind> {
    deserialize(bytes, MAX_SIZE, MAX_ITEMS)
}

fn map(entries: impl IntoIterator<Item = (StackItem, StackItem)>) -> StackItem {
    let map = Map::new();
    for (key, value) in entries {
        map.insert(key, value).unwrap();
    }
    StackItem::Map(map)
}

/// The item of some bytes, as JSON.
fn read(bytes: &str) -> Option<String> {
    let bytes = hex::decode(bytes.replace(' ', "")).unwrap();
    from_bytes(&bytes).ok().map(|item| item.to_json().unwrap())
}

fn int(value: i64) -> StackItem {
    value.into()
}

#[test]
fn each_type_has_its_bytes() {
    let cases = [
        (StackItem::Null, "00"),
        (true.into(), "2001"),
        (false.into(), "2000"),
        (int(0), "2100"),
        (int(-1), "2101ff"),
        (int(128), "21028000"),
        (int(i64::MIN), "21080000000000000080"),
        (Integer::from(1u64 << 63).into(), "2109000000000000008000"),
        (StackItem::from(""), "2800"),
        (StackItem::from("ab"), "28026162"),
        (StackItem::buffer(b"ab"), "30026162"),
        (StackItem::array([]), "4000"),
        (StackItem::array([int(1), StackItem::structure([int(2)]), int(3)]), "4003 210101 4101210102 210103"),
        (
            map([(int(1), StackItem::array([int(2)])), ("k".into(), StackItem::Null)]),
            "4802 210101 4001210102 28016b 00",
        ),
    ];
    for (item, expected) in cases {
        let bytes = to_bytes(&item).unwrap();
        assert_eq!(hex::encode(&bytes), expected.replace(' ', ""));
        assert_eq!(from_bytes(&bytes).unwrap().to_json(), item.to_json());
    }
}

#[test]
fn lengths_take_one_three_or_five_bytes() {
    for (length, head) in [(252, "fc"), (253, "fdfd00"), (0xffff, "fdffff"), (0x10000, "fe00000100")] {
        let bytes = to_bytes(&StackItem::buffer(&vec![7; length])).unwrap();
        assert_eq!(hex::encode(&bytes[..bytes.len() - length]), format!("30{head}"));
        assert_eq!(to_bytes(&from_bytes(&bytes).unwrap()).unwrap(), bytes);
    }
}

#[test]
fn reading_is_lenient_where_the_node_is() {
    // Trailing bytes, lengths that are too long, integers with needless bytes.
    assert_eq!(read("210105 ff").as_deref(), Some(r#"{"type":"Integer","value":"5"}"#));
    assert_eq!(read("28fd0100 61"), read("280161"));
    assert_eq!(read("28ff0100000000000000 61"), read("280161"));
    assert_eq!(read("2103 050000"), read("210105"));
    // The later value of a key counts, at the place of the first.
    assert_eq!(read("4803 280161 210101 280162 210102 280161 210103"), read("4802 280161 210103 280162 210102"));
}

#[test]
fn what_is_not_an_item_faults() {
    let long_key = format!("4801 2841{} 00", "61".repeat(65));
    let faults = [
        "",
        "2002",
        "20",
        "01",
        "1000",
        "6000",
        "ff",
        "2121",
        "2802 61",
        "28fd01",
        "28fe0000ffff",
        "28ffffffffffffffffff",
        "4001",
        "4802 210101 00 210102",
        "4801 00 00",
        "4801 3000 00",
        "4801 4000 00",
        &long_key,
    ];
    for bytes in faults {
        assert_eq!(read(bytes), None, "{bytes}");
    }
}

#[test]
fn items_are_limited() {
    let array = |count: usize| StackItem::array(vec![StackItem::Null; count]);
    let bytes = to_bytes(&array(2047)).unwrap();
    assert!(from_bytes(&bytes).is_ok());
    assert!(to_bytes(&array(2048)).is_err());
    let mut bytes = serialize(&array(2048), MAX_SIZE, 2049).unwrap();
    assert!(from_bytes(&bytes).is_err());
    bytes[0] = 0x48;
    assert!(from_bytes(&bytes).is_err());
    // Each map key is an item.
    let entries = |count: i64| map((0..count).map(|key| (int(key), StackItem::Null)));
    assert!(to_bytes(&entries(1023)).is_ok());
    assert!(to_bytes(&entries(1024)).is_err());
    assert!(serialize(&StackItem::Null, 1, 0).is_err());
    assert!(deserialize(&[0], 1, 0).is_err());
}

#[test]
fn sizes_are_limited() {
    let item = StackItem::array([StackItem::from("abc"), StackItem::Null]);
    assert_eq!(serialize(&item, 8, 9).unwrap().len(), 8);
    assert!(serialize(&item, 7, 9).is_err());
    assert!(serialize(&int(5), 2, 9).is_err());
    assert!(deserialize(b"\x28\x03abc", 3, 9).is_ok());
    assert!(deserialize(b"\x28\x03abc", 2, 9).is_err());
}

#[test]
fn compounds_that_occur_twice_fault_and_stay_usable() {
    let inner = StackItem::array([]);
    let twice = StackItem::array([inner.clone(), inner.clone()]);
    let StackItem::Array(cycle) = StackItem::array([int(1)]) else { unreachable!() };
    cycle.push(StackItem::Array(cycle.clone())).unwrap();
    let by_map = map([(int(1), inner.clone()), (int(2), StackItem::structure([inner.clone()]))]);
    for _ in 0..2 {
        assert!(to_bytes(&twice).is_err());
        assert!(to_bytes(&StackItem::Array(cycle.clone())).is_err());
        assert!(to_bytes(&by_map).is_err());
        // A compound on which it failed is not one that was seen.
        assert!(serialize(&StackItem::structure([inner.clone()]), 3, 9).is_err());
        assert!(to_bytes(&inner).is_ok());
    }
    cycle.clear().unwrap();
    // Buffers may.
    let buffer = StackItem::buffer(b"x");
    assert!(to_bytes(&StackItem::array([buffer.clone(), buffer])).is_ok());
}

#[test]
fn pointers_and_interop_objects_fault() {
    for item in [StackItem::Pointer(engine_pointer(0, 0)), StackItem::Interop(Interop::new(1u8))] {
        assert!(to_bytes(&item).is_err());
        assert!(to_bytes(&StackItem::array([item])).is_err());
    }
}

#[test]
fn depth_needs_no_native_stack() {
    let deep = (0..100_000).fold(StackItem::array([]), |item, _| StackItem::array([item]));
    let bytes = serialize(&deep, usize::MAX, usize::MAX).unwrap();
    assert_eq!(bytes.len(), 200_002);
    let again = deserialize(&bytes, usize::MAX, usize::MAX).unwrap();
    assert_eq!(serialize(&again, usize::MAX, usize::MAX).unwrap(), bytes);
}

fn primitive() -> impl Strategy<Value = StackItem> {
    prop_oneof![
        any::<bool>().prop_map(StackItem::from),
        any::<i64>().prop_map(StackItem::from),
        any::<i128>().prop_map(|value| Integer::from(value).into()),
        (0u32..64, any::<i64>()).prop_map(|(shift, value)| (value >> shift).into()),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| bytes.as_slice().into()),
    ]
}

fn item() -> impl Strategy<Value = StackItem> {
    let leaf = prop_oneof![
        8 => primitive(),
        1 => Just(StackItem::Null),
        1 => prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| StackItem::buffer(&bytes)),
    ];
    leaf.prop_recursive(6, 300, 12, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(StackItem::array),
            prop::collection::vec(inner.clone(), 0..12).prop_map(StackItem::structure),
            prop::collection::vec((primitive(), inner), 0..12).prop_map(map),
        ]
    })
}

/// A copy in which no compound occurs twice, as a strategy's values may.
fn unshared(item: &StackItem) -> StackItem {
    match item {
        StackItem::Array(array) => StackItem::array(array.to_vec().iter().map(unshared).collect::<Vec<_>>()),
        StackItem::Struct(array) => StackItem::structure(array.to_vec().iter().map(unshared).collect::<Vec<_>>()),
        StackItem::Map(entries) => map(entries.to_vec().into_iter().map(|(key, value)| (key, unshared(&value)))),
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(item in item()) {
        let item = unshared(&item);
        let bytes = to_bytes(&item).unwrap();
        prop_assert_eq!(from_bytes(&bytes).unwrap().to_json().unwrap(), item.to_json().unwrap());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(prop_oneof![
        Just(0u8), Just(0x20), Just(0x21), Just(0x28), Just(0x30), Just(0x40), Just(0x41), Just(0x48), 0u8..4, any::<u8>(),
    ], 0..200)) {
        if let Ok(item) = from_bytes(&bytes) {
            // What was read is no longer than what it was read from, and reads back.
            let again = to_bytes(&item).unwrap();
            prop_assert!(again.len() <= bytes.len());
            prop_assert_eq!(from_bytes(&again).unwrap().to_json().unwrap(), item.to_json().unwrap());
        }
    }
}

fn leaf() -> impl Strategy<Value = StackItem> {
    prop_oneof![
        Just(StackItem::Null),
        any::<bool>().prop_map(StackItem::from),
        any::<i128>().prop_map(StackItem::from),
        any::<i16>().prop_map(StackItem::from),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(StackItem::from),
        prop::collection::vec(any::<u8>(), 0..5).prop_map(|bytes| StackItem::buffer(&bytes)),
    ]
}

proptest! {
    /// A struct of leaves has the same bytes, limits and fields whether it is made or not.
    #[test]
    fn fields_are_those_of_the_struct(
        fields in prop::collection::vec(leaf(), 0..7),
        max_size in 0..700_usize,
        max_items in 0..8_usize,
        cut in any::<prop::sample::Index>(),
    ) {
        let whole = StackItem::structure(fields.clone());
        let expected = serialize(&whole, max_size, max_items);
        let got = serialize_struct(&fields, max_size, max_items);
        prop_assert_eq!(&got, &expected);
        prop_assert_eq!(serialized_size(&whole, max_size, max_items), expected.map(|bytes| bytes.len()));

        let bytes = to_bytes(&whole).unwrap();
        let bytes = &bytes[..bytes.len() - cut.index(2)];
        let read = deserialize_fields(bytes, max_size, max_items).map(|fields| StackItem::structure(fields.into_vec()));
        match deserialize(bytes, max_size, max_items) {
            Ok(item) if fields.len() <= 4 => prop_assert_eq!(read.unwrap().to_json(), item.to_json()),
            _ => prop_assert!(read.is_none()),
        }
    }
}

#[test]
fn only_short_structs_of_leaves_are_read_as_fields() {
    let leaf = || StackItem::from(1);
    for item in [
        StackItem::array([leaf()]),
        StackItem::structure([leaf(), StackItem::structure([])]),
        StackItem::structure([StackItem::map()]),
        leaf(),
    ] {
        let bytes = to_bytes(&item).unwrap();
        assert!(deserialize_fields(&bytes, MAX_SIZE, MAX_ITEMS).is_none(), "{item:?}");
    }
    assert!(serialize_struct(&[StackItem::array([])], MAX_SIZE, MAX_ITEMS).is_err());
}
