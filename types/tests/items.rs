//! Conversions, equality and copies of stack items.

use neovm_types::{
    Array, Buffer, FaultKind, Integer, Interop, ItemType, Limits, StackItem, engine_internals::CompoundInternals,
    engine_internals::pointer as engine_pointer, item::StructCloneLimit,
};

const LIMITS: Limits = Limits::DEFAULT;

fn big() -> StackItem {
    Integer::from(i64::MAX).add(1.into()).unwrap().into()
}

fn bytes(length: usize) -> StackItem {
    vec![1; length].as_slice().into()
}

/// An item of each type.
fn samples() -> Vec<StackItem> {
    vec![
        StackItem::Null,
        StackItem::Pointer(engine_pointer(1, 5)),
        true.into(),
        7.into(),
        "\u{7}".into(),
        StackItem::buffer(&[7]),
        StackItem::array([1.into()]),
        StackItem::structure([1.into()]),
        StackItem::map(),
        StackItem::Interop(Interop::new(())),
    ]
}

/// Whether two items are of the same type and, as JSON shows it, value.
fn is_like(a: &StackItem, b: &StackItem) -> bool {
    a.item_type() == b.item_type() && a.to_json() == b.to_json()
}

/// What the sample of each type (rows) becomes as each type (columns): `=` the
/// same object, `!` a fault, else what the letter stands for.
///
/// Columns: Any, Pointer, Boolean, Integer, ByteString, Buffer, Array, Struct, Map, InteropInterface.
const CONVERSIONS: [&str; 10] = [
    "!nnnnnnnnn", // Null
    "!=t!!!!!!!", // Pointer
    "!!=isb!!!!", // Boolean
    "!!t=SB!!!!", // Integer
    "!!tI=B!!!!", // ByteString
    "!!tIS=!!!!", // Buffer
    "!!t!!!=x!!", // Array
    "!!t!!!a=!!", // Struct
    "!!t!!!!!=!", // Map
    "!!t!!!!!!=", // InteropInterface
];

#[test]
fn each_type_converts_to_each_as_in_the_reference() {
    for (item, row) in samples().iter().zip(CONVERSIONS) {
        for (to, cell) in ItemType::ALL.into_iter().zip(row.chars()) {
            let what = format!("{} to {to}", item.item_type());
            let converted = item.convert(to);
            let expected = match cell {
                '!' => {
                    assert!(converted.is_err(), "{what}");
                    continue;
                }
                '=' => item.clone(),
                'n' => StackItem::Null,
                't' => true.into(),
                'i' => 1.into(),
                'I' => 7.into(),
                's' => "\u{1}".into(),
                'S' => "\u{7}".into(),
                'b' => StackItem::buffer(&[1]),
                'B' => StackItem::buffer(&[7]),
                'a' => StackItem::array([1.into()]),
                'x' => StackItem::structure([1.into()]),
                _ => unreachable!(),
            };
            let converted = converted.expect(&what);
            assert!(is_like(&converted, &expected), "{what}: {converted:?}");
            let is_shared = item.is_compound() || item.item_type() == ItemType::Buffer;
            assert_eq!(converted.is_same(item), is_shared && cell == '=', "{what}");
        }
    }
}

#[test]
fn conversions_fault_as_in_the_reference() {
    let null = StackItem::Null.convert(ItemType::Any);
    assert_eq!(null.unwrap_err().to_string(), "Type Null can't be converted to StackItemType: Any");
    assert_eq!(bytes(33).convert(ItemType::Integer).unwrap_err(), FaultKind::ByteStringToInteger(33));
    assert_eq!(bytes(33).convert(ItemType::Boolean).unwrap_err(), FaultKind::InvalidCast);
    assert_eq!(StackItem::buffer(&[1; 33]).convert(ItemType::Integer).unwrap_err(), FaultKind::InvalidCast);
    assert_eq!(StackItem::buffer(&[1]).to_integer().unwrap_err(), FaultKind::InvalidCast);
    assert_eq!(StackItem::array([]).to_integer().unwrap_err(), FaultKind::InvalidCast);
    assert_eq!(StackItem::from(1i64 << 31).to_i32().unwrap_err(), FaultKind::Overflow);
}

#[test]
fn conditions_are_those_of_the_reference() {
    let no = [StackItem::Null, false.into(), 0.into(), "".into(), [0; 32].as_slice().into()];
    let yes = [(-1).into(), big(), [0, 1].as_slice().into(), StackItem::buffer(&[0]), StackItem::buffer(&[0; 33])];
    assert!(no.iter().all(|item| item.to_boolean() == Ok(false)));
    assert!(yes.iter().all(|item| item.to_boolean() == Ok(true)));
}

#[test]
fn bytes_of_primitives_are_the_shortest() {
    let held = |item: StackItem| item.with_bytes(<[u8]>::to_vec);
    assert_eq!(held(0.into()), Ok(vec![]));
    assert_eq!(held((-1).into()), Ok(vec![0xff]));
    assert_eq!(held(255.into()), Ok(vec![0xff, 0]));
    assert_eq!(held(big()), Ok(vec![0, 0, 0, 0, 0, 0, 0, 0x80, 0]));
    assert_eq!(held(false.into()), Ok(vec![0]));
    assert_eq!(held(StackItem::Null), Err(FaultKind::InvalidCast));
    let sizes = [(0, Some(0)), (127, Some(1)), (128, Some(2))];
    assert!(sizes.into_iter().all(|(value, size)| StackItem::from(value).primitive_size() == size));
    assert_eq!(big().primitive_size(), Some(9));
    assert_eq!(StackItem::buffer(&[1]).primitive_size(), None);
}

#[test]
fn texts_are_strict_utf8() {
    assert_eq!(StackItem::Null.to_text(), Ok(None));
    assert_eq!(StackItem::buffer("ä".as_bytes()).to_text(), Ok(Some("ä".into())));
    assert_eq!(StackItem::from([b'a', 0xff].as_slice()).to_text(), Err(FaultKind::NotUtf8 { byte: 0xff, index: 1 }));
    assert_eq!(StackItem::map().to_text(), Err(FaultKind::InvalidCast));
}

#[test]
fn keys_are_shown_as_in_the_reference() {
    let shown = |item: StackItem| item.key_text();
    assert_eq!(shown(true.into()), "True");
    assert_eq!(shown((-3).into()), "-3");
    assert_eq!(shown(big()), "9223372036854775808");
    assert_eq!(shown("ä".into()), "\"ä\"");
    assert_eq!(shown([0xff].as_slice().into()), "\"Base64: /w==\"");
}

#[test]
fn equality_is_by_type_and_value_or_by_reference() {
    let samples = samples();
    for (i, a) in samples.iter().enumerate() {
        for (j, b) in samples.iter().enumerate() {
            assert_eq!(a.equals(b, &LIMITS), Ok(i == j), "{a:?} and {b:?}");
        }
    }
    let equal = |a: StackItem, b: StackItem| a.equals(&b, &LIMITS).unwrap();
    assert!(equal(big(), big()) && !equal(big(), 1.into()));
    assert!(!equal(StackItem::array([]), StackItem::array([])));
    assert!(!equal(StackItem::buffer(&[1]), StackItem::buffer(&[1])));
    assert!(!equal(StackItem::map(), StackItem::map()));
    assert!(!equal(StackItem::Interop(Interop::new(())), StackItem::Interop(Interop::new(()))));
    let pointer = |load, position| StackItem::Pointer(engine_pointer(load, position));
    assert!(equal(pointer(1, 2), pointer(1, 2)));
    assert!(!equal(pointer(1, 2), pointer(2, 2)) && !equal(pointer(1, 2), pointer(1, 3)));
}

#[test]
fn byte_strings_over_the_limit_are_not_compared() {
    let limit = LIMITS.max_comparable_size;
    let (most, over) = (bytes(limit as usize), bytes(limit as usize + 1));
    let fault = Err(FaultKind::ComparableSize { size: limit as usize + 1, limit });
    assert_eq!(most.equals(&bytes(limit as usize), &LIMITS), Ok(true));
    assert_eq!(over.equals(&most, &LIMITS), fault);
    assert_eq!(most.equals(&over, &LIMITS), fault);
    assert_eq!(over.equals(&over, &LIMITS), fault);
    assert_eq!(over.equals(&StackItem::Null, &LIMITS), fault);
    assert_eq!(StackItem::Null.equals(&over, &LIMITS), Ok(false));
    assert_eq!(most.equals(&StackItem::Null, &LIMITS), Ok(false));
    let none = LIMITS.with_max_comparable_size(0);
    let fault = FaultKind::ComparableSize { size: 0, limit: 0 };
    assert_eq!(StackItem::from("").equals(&"".into(), &none), Err(fault));
}

fn structure(items: impl IntoIterator<Item = StackItem>) -> StackItem {
    StackItem::structure(items.into_iter().collect::<Vec<_>>())
}

#[test]
fn structs_are_compared_item_by_item_up_to_a_count() {
    let ones = |count| structure((0..count).map(|_| 1.into()));
    // The structs themselves are the first pair.
    let most = LIMITS.max_stack_size as usize - 1;
    assert_eq!(ones(most).equals(&ones(most), &LIMITS), Ok(true));
    assert_eq!(ones(most + 1).equals(&ones(most + 1), &LIMITS), Err(FaultKind::StructCompareCount));
    assert_eq!(ones(most).equals(&ones(most + 1), &LIMITS), Ok(false));
    let same = ones(most + 1);
    assert_eq!(same.equals(&same, &LIMITS), Ok(true));
    let nested = structure([structure([1.into(), "a".into()]), StackItem::Null]);
    let other = structure([structure([1.into(), "a".into()]), StackItem::Null]);
    assert_eq!(nested.equals(&other, &LIMITS), Ok(true));
    assert_eq!(nested.equals(&structure([structure([1.into()]), StackItem::Null]), &LIMITS), Ok(false));
    assert_eq!(structure([]).equals(&StackItem::array([]), &LIMITS), Ok(false));
}

#[test]
fn structs_are_compared_from_their_last_item() {
    let with_last = |last: i64| structure([bytes(LIMITS.max_comparable_size as usize + 1), last.into()]);
    assert_eq!(with_last(1).equals(&with_last(2), &LIMITS), Ok(false));
    let left = LIMITS.max_comparable_size - 2;
    let fault = FaultKind::ComparableSize { size: left as usize + 3, limit: left };
    assert_eq!(with_last(1).equals(&with_last(1), &LIMITS), Err(fault));
}

#[test]
fn the_sizes_in_a_struct_count_together() {
    // One for the struct, the rest for the bytes: nothing is left for the first item.
    let rest = LIMITS.max_comparable_size as usize - 1;
    let full = |first: StackItem| structure([first, bytes(rest)]);
    assert_eq!(full(1.into()).equals(&full(1.into()), &LIMITS), Err(FaultKind::StructComparableSize));
    let fault = FaultKind::ComparableSize { size: 0, limit: 0 };
    assert_eq!(full("".into()).equals(&full("".into()), &LIMITS), Err(fault));
    // An empty byte string counts as one, and so does one next to another type.
    let fits = |first: StackItem| structure([first, bytes(rest - 1)]);
    assert_eq!(fits("".into()).equals(&fits("".into()), &LIMITS), Ok(true));
    assert_eq!(fits("".into()).equals(&fits(1.into()), &LIMITS), Ok(false));
    let two = || structure(["".into(), "".into(), bytes(rest - 1)]);
    let fault = FaultKind::ComparableSize { size: 0, limit: 0 };
    assert_eq!(two().equals(&two(), &LIMITS), Err(fault));
}

fn as_struct(item: &StackItem) -> &Array {
    match item {
        StackItem::Struct(array) => array,
        other => panic!("not a struct: {other:?}"),
    }
}

#[test]
fn a_struct_is_cloned_with_the_structs_in_it() {
    let (array, buffer) = (StackItem::array([1.into()]), StackItem::buffer(&[1]));
    let inner = structure([array.clone(), buffer.clone()]);
    let outer = structure([inner.clone(), inner.clone(), 5.into()]);
    let (copy, visited) = as_struct(&outer).clone_struct(StructCloneLimit::from(&LIMITS)).unwrap();
    assert_eq!(visited, 3 + 2 * 2);
    assert_eq!(StackItem::Struct(copy.clone()).to_json(), outer.to_json());
    let copies = [copy.get(0).unwrap(), copy.get(1).unwrap()];
    assert!(!copies[0].is_same(&inner) && !copies[0].is_same(&copies[1]));
    for copy in &copies {
        assert!(as_struct(copy).get(0).unwrap().is_same(&array));
        assert!(as_struct(copy).get(1).unwrap().is_same(&buffer));
    }
}

#[test]
fn a_clone_visits_at_most_so_many_items() {
    let limit = StructCloneLimit::from(&LIMITS);
    let most = LIMITS.max_stack_size as usize - 1;
    let ones = |count| structure((0..count).map(|_| 1.into()));
    assert_eq!(as_struct(&ones(most)).clone_struct(limit).unwrap().0.len(), most);
    assert_eq!(as_struct(&ones(most + 1)).clone_struct(limit).unwrap_err(), FaultKind::StructCloneLimit);
    let nested = |count| structure([ones(count)]);
    assert!(as_struct(&nested(most - 1)).clone_struct(limit).is_ok());
    assert_eq!(as_struct(&nested(most)).clone_struct(limit).unwrap_err(), FaultKind::StructCloneLimit);
    let cyclic = Array::new(vec![]);
    cyclic.push(StackItem::Struct(cyclic.clone())).unwrap();
    assert_eq!(cyclic.clone_struct(limit).unwrap_err(), FaultKind::StructCloneLimit);
    cyclic.clear().unwrap();
}

#[test]
fn a_deep_copy_shares_nothing_but_what_was_shared() {
    let (array, buffer) = (StackItem::array([]), StackItem::buffer(&[1, 2]));
    let StackItem::Map(map) = StackItem::map() else { unreachable!() };
    map.insert("b".into(), array.clone()).unwrap();
    map.insert(1.into(), structure([buffer.clone()])).unwrap();
    let whole = StackItem::array([array.clone(), StackItem::Map(map), buffer.clone(), "text".into(), array.clone()]);
    let copy = whole.deep_copy(false);
    assert_eq!(copy.to_json(), whole.to_json());
    let StackItem::Array(items) = &copy else { panic!("{copy:?}") };
    let [first, StackItem::Map(map), bytes, _, last] = &items.to_vec()[..] else { panic!("{items:?}") };
    assert!(first.is_same(last) && !first.is_same(&array) && !bytes.is_same(&buffer));
    assert!(map.get(&"b".into()).unwrap().unwrap().is_same(first));
    assert!(as_struct(&map.get(&1.into()).unwrap().unwrap()).get(0).unwrap().is_same(bytes));
    assert!(items.push(1.into()).is_ok());
}

#[test]
fn a_copied_map_finds_its_keys_and_takes_more() {
    let StackItem::Map(map) = StackItem::map() else { unreachable!() };
    for key in (0..40).rev() {
        map.insert(key.into(), StackItem::array([key.into()])).unwrap();
    }
    let StackItem::Map(copy) = StackItem::Map(map.clone()).deep_copy(false) else { panic!("no map") };
    assert_eq!(StackItem::array(copy.keys()).to_json(), StackItem::array(map.keys()).to_json());
    for key in 0..40 {
        let (value, own) = (map.get(&key.into()).unwrap().unwrap(), copy.get(&key.into()).unwrap().unwrap());
        assert!(own.to_json() == value.to_json() && !own.is_same(&value));
    }
    copy.insert(40.into(), 1.into()).unwrap();
    copy.remove(&39.into()).unwrap();
    assert_eq!((copy.len(), map.len()), (40, 40));
    assert!(copy.get(&40.into()).unwrap().is_some_and(|value| value == 1));
    assert!(copy.get(&39.into()).unwrap().is_none() && copy.get(&0.into()).unwrap().is_some());
}

#[test]
fn a_cycle_is_copied_as_a_cycle() {
    let array = Array::new(vec![1.into()]);
    let inner = StackItem::structure([StackItem::Array(array.clone())]);
    array.push(inner).unwrap();
    let copy = StackItem::Array(array.clone()).deep_copy(false);
    let StackItem::Array(copied) = &copy else { panic!("no array") };
    assert!(!copied.is_same(&array) && copied.len() == 2);
    assert!(as_struct(&copied.get(1).unwrap()).get(0).unwrap().is_same(&copy));
    assert!(copied.header().is_linked(), "the copy of a cycle is a cycle to be found");
    array.clear().unwrap();
    copied.clear().unwrap();
}

#[test]
fn an_immutable_copy_cannot_be_changed() {
    let StackItem::Map(map) = StackItem::map() else { unreachable!() };
    map.insert(1.into(), StackItem::buffer(&[5])).unwrap();
    let whole = StackItem::array([StackItem::Map(map), structure([1.into()])]);
    let StackItem::Array(copy) = whole.deep_copy(true) else { panic!("no array") };
    let [StackItem::Map(map), StackItem::Struct(inner)] = &copy.to_vec()[..] else { panic!("{copy:?}") };
    assert_eq!(map.get(&1.into()).unwrap().unwrap().item_type(), ItemType::ByteString);
    let message = |result: Result<(), FaultKind>| result.unwrap_err().to_string();
    assert_eq!(message(copy.push(1.into())), "The array is readonly, can not add item.");
    assert_eq!(message(copy.set(0, 1.into()).map(drop)), "The object is readonly.");
    assert_eq!(message(copy.remove(0).map(drop)), "The array is readonly, can not remove item.");
    assert_eq!(message(copy.reverse()), "The array is readonly, can not reverse.");
    assert_eq!(message(copy.clear().map(drop)), "The array is readonly, can not clear.");
    assert_eq!(message(inner.push(1.into())), "The array is readonly, can not add item.");
    assert_eq!(message(map.insert(1.into(), 1.into()).map(drop)), "The map is readonly, can not set value.");
    assert_eq!(message(map.remove(&1.into()).map(drop)), "The map is readonly, can not remove key.");
    assert_eq!(message(map.clear().map(drop)), "The map is readonly, can not clear.");
    assert_eq!((copy.len(), inner.len(), map.len()), (2, 1, 1));
    // A copy of what is read-only is read-only; the original never was.
    let StackItem::Array(again) = StackItem::Array(copy).deep_copy(false) else { panic!("no array") };
    assert!(again.is_read_only());
    let StackItem::Array(original) = whole else { panic!("no array") };
    assert!(original.push(1.into()).is_ok());
}

#[test]
fn arrays_are_lists() {
    let array = Array::new(vec![1.into(), 2.into()]);
    assert!(!array.header().is_linked());
    assert_eq!(array.set(2, 0.into()).unwrap_err(), FaultKind::ListIndex);
    assert_eq!(array.remove(2).unwrap_err(), FaultKind::ListIndex);
    assert!(is_like(&array.set(0, 5.into()).unwrap(), &1.into()));
    array.push(StackItem::array([])).unwrap();
    assert!(array.header().is_linked());
    array.reverse().unwrap();
    assert_eq!(array.remove(1).unwrap().to_i32(), Ok(2));
    assert_eq!(array.get(1).unwrap().to_i32(), Ok(5));
    assert!(array.get(2).is_none());
    assert_eq!(array.clear().unwrap().len(), 2);
    assert!(array.is_empty());
}

#[test]
fn buffers_are_changed_within_their_bounds() {
    let buffer = Buffer::joined(&[1, 2], &[3; 40]);
    assert_eq!((buffer.len(), buffer.get(2), buffer.get(42)), (42, Some(3), None));
    let past = Err(FaultKind::ListIndex);
    assert_eq!((buffer.set(41, 9), buffer.set(42, 9)), (Ok(()), past.clone()));
    assert_eq!((buffer.write(40, &[7, 8]), buffer.write(41, &[7, 8])), (Ok(()), past.clone()));
    assert_eq!((buffer.write(42, &[]), buffer.write(43, &[])), (Ok(()), past.clone()));
    assert_eq!(buffer.write(usize::MAX, &[1]), past);
    assert_eq!((buffer.copy_within(0..2, 40), buffer.copy_within(0..2, 41)), (Ok(()), past.clone()));
    assert_eq!((buffer.copy_within(41..43, 0), buffer.copy_within(0..41, 1)), (past, Ok(())));
    buffer.with(|bytes| assert_eq!((&bytes[..4], &bytes[40..]), (&[1, 1, 2, 3][..], &[3, 1][..])));
    buffer.reverse().unwrap();
    assert_eq!(buffer.get(0), Some(1));
    for length in [0, 1, 32, 33] {
        Buffer::zeroed(length).with(|bytes| assert_eq!(bytes, vec![0; length]));
    }
    let clone = buffer.clone();
    clone.set(0, 77).unwrap();
    assert_eq!(buffer.get(0), Some(77));
}

#[test]
fn objects_of_the_host_come_back_as_their_type() {
    let object = Interop::new(String::from("x"));
    assert_eq!(object.downcast_ref::<String>().map(String::as_str), Some("x"));
    assert!(object.downcast_ref::<u8>().is_none());
    assert!(object == object.clone() && object != Interop::new(String::from("x")));
}

#[test]
fn objects_with_an_equality_of_their_own_are_compared_by_it() {
    let item = |object: Interop| StackItem::Interop(object);
    let by_value = |number: u8| item(Interop::by_value(number));
    let equal = |a: StackItem, b: StackItem| a.equals(&b, &LIMITS).unwrap();
    assert!(equal(by_value(1), by_value(1)));
    assert!(!equal(by_value(1), by_value(2)));
    // Another type, and an object without an equality of its own, on either side.
    assert!(!equal(by_value(1), item(Interop::by_value(1u16))));
    assert!(!equal(by_value(1), item(Interop::new(1u8))));
    assert!(!equal(item(Interop::new(1u8)), by_value(1)));
    assert!(equal(structure([by_value(1), 5.into()]), structure([by_value(1), 5.into()])));
    assert!(!equal(structure([by_value(1), 5.into()]), structure([by_value(2), 5.into()])));
}

#[test]
fn a_visit_of_a_struct_is_what_its_clone_would_be() {
    let limit = StructCloneLimit::from(&LIMITS);
    let (array, buffer) = (StackItem::array([1.into()]), StackItem::buffer(&[1]));
    let inner = structure([array.clone(), buffer.clone()]);
    let outer = structure([inner.clone(), inner, 5.into()]);
    let mut shared = Vec::new();
    assert_eq!(as_struct(&outer).visit_struct(limit, |item| shared.push(item.clone())), Ok(3 + 2 * 2));
    let count = |item: &StackItem| shared.iter().filter(|other| other.is_same(item)).count();
    assert_eq!((shared.len(), count(&array), count(&buffer)), (5, 2, 2));
    let wide = structure((0..LIMITS.max_stack_size).map(|_| 1.into()));
    assert_eq!(as_struct(&wide).visit_struct(limit, |_| ()), Err(FaultKind::StructCloneLimit));
}

#[test]
fn what_nobody_else_holds_becomes_immutable_without_a_copy() {
    let made = StackItem::array([1.into(), b"text".as_slice().into()]);
    let StackItem::Array(array) = &made else { panic!("no array") };
    let shared = array.clone();
    let StackItem::Array(copy) = made.into_immutable() else { panic!("no array") };
    assert!(copy.is_read_only() && !copy.is_same(&shared) && !shared.is_read_only());
    drop(shared);

    for item in [
        StackItem::structure([1.into(), StackItem::Null]),
        StackItem::structure([StackItem::buffer(b"bytes"), 2.into()]),
        StackItem::structure([StackItem::array([StackItem::buffer(b"inner")])]),
    ] {
        let expected = item.deep_copy(true);
        let immutable = item.into_immutable();
        assert_eq!(immutable.to_json(), expected.to_json());
        let StackItem::Struct(fields) = &immutable else { panic!("no struct") };
        assert!(fields.is_read_only());
        fields.for_each(|field| match field {
            StackItem::Array(inner) => assert!(inner.is_read_only()),
            field => assert!(!matches!(field, StackItem::Buffer(_))),
        });
    }
}
