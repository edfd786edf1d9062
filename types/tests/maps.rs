//! Maps against a plain list of entries.

use neovm_types::{FaultKind, Integer, Map, StackItem, engine_internals::CompoundInternals};
use proptest::prelude::*;

fn key() -> impl Strategy<Value = StackItem> {
    prop_oneof![
        any::<bool>().prop_map(StackItem::from),
        (-9i64..9).prop_map(StackItem::from),
        (prop_oneof![Just(-1), Just(1)], -2i64..2).prop_map(|(sign, more)| (sign * (1 << 61) + more).into()),
        Just(i64::MAX.into()),
        Just(i64::MIN.into()),
        (0i64..9).prop_map(|value| Integer::from(i64::MAX).add(value.into()).unwrap().into()),
        prop::collection::vec(0u8..3, 0..4).prop_map(|bytes| bytes.as_slice().into()),
        prop::collection::vec(0u8..2, 3..11).prop_map(|bytes| bytes.as_slice().into()),
        (0u8..4, 6usize..9, 0u8..2)
            .prop_map(|(byte, count, last)| [&vec![byte; count][..], &[last]].concat().as_slice().into()),
        (0usize..20, 17usize..21).prop_map(|(place, count)| {
            let bytes: Vec<_> = (0..count).map(|i| u8::from(i == place)).collect();
            bytes.as_slice().into()
        }),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Insert(StackItem, i64),
    Remove(StackItem),
    Get(StackItem),
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        60 => (key(), any::<i64>()).prop_map(|(key, value)| Step::Insert(key, value)),
        20 => key().prop_map(Step::Remove),
        20 => key().prop_map(Step::Get),
        1 => Just(Step::Clear),
    ]
}

/// A key as text: type and value.
fn text(key: &StackItem) -> String {
    key.to_json().unwrap()
}

/// The model: keys as text, in order of insertion.
type Model = Vec<(String, i64)>;

fn apply(map: &Map, model: &mut Model, step: Step) -> Result<(), TestCaseError> {
    let number = |item: Option<StackItem>| item.map(|item| item.to_integer().unwrap());
    let place = |model: &Model, key: &StackItem| model.iter().position(|(own, _)| *own == text(key));
    match step {
        Step::Insert(key, value) => {
            let old = map.insert(key.clone(), value.into()).unwrap();
            let expected = match place(model, &key) {
                Some(place) => Some(std::mem::replace(&mut model[place].1, value)),
                None => {
                    model.push((text(&key), value));
                    None
                }
            };
            prop_assert_eq!(number(old), expected.map(Integer::from));
        }
        Step::Remove(key) => {
            let removed = map.remove(&key).unwrap();
            let expected = place(model, &key).map(|place| model.remove(place));
            let removed = removed.map(|(key, value)| (text(&key), value.to_integer().unwrap()));
            prop_assert_eq!(removed, expected.map(|(key, value)| (key, value.into())));
        }
        Step::Get(key) => {
            let expected = place(model, &key).map(|place| Integer::from(model[place].1));
            prop_assert_eq!(number(map.get(&key).unwrap()), expected);
        }
        Step::Clear => {
            prop_assert_eq!(map.clear().unwrap().len(), model.len());
            model.clear();
        }
    }
    let entries = map.to_vec().iter().map(|(key, value)| (text(key), value.to_integer().unwrap())).collect::<Vec<_>>();
    let expected: Vec<_> = model.iter().map(|(key, value)| (key.clone(), Integer::from(*value))).collect();
    prop_assert_eq!(entries, expected);
    prop_assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
    Ok(())
}

proptest! {
    #[test]
    fn a_map_is_a_list_of_entries_by_key(steps in prop::collection::vec(step(), 0..150)) {
        let map = Map::new();
        let mut model = Model::new();
        for step in steps {
            apply(&map, &mut model, step)?;
        }
    }
}

#[test]
fn keys_differ_by_type() {
    let map = Map::new();
    let keys: [StackItem; 4] = [1.into(), true.into(), "\u{1}".into(), [1, 0].as_slice().into()];
    for (value, key) in keys.iter().enumerate() {
        assert!(map.insert(key.clone(), (value as i64).into()).unwrap().is_none());
    }
    for (value, key) in keys.iter().enumerate() {
        assert_eq!(map.get(key).unwrap().unwrap().to_i32(), Ok(value as i32));
    }
}

#[test]
fn children_are_the_keys_then_the_values() {
    let map = Map::new();
    map.insert("a".into(), 1.into()).unwrap();
    map.insert("b".into(), 2.into()).unwrap();
    let mut seen = Vec::new();
    map.for_each(|item| seen.push(item.key_text()));
    assert_eq!(seen, ["\"a\"", "\"b\"", "1", "2"]);
}

#[test]
fn keys_are_primitive_and_not_long() {
    let map = Map::new();
    let (most, over) = (StackItem::from([1; 64].as_slice()), StackItem::from([1; 65].as_slice()));
    assert!(map.insert(most.clone(), 1.into()).unwrap().is_none());
    assert!(map.remove(&most).unwrap().is_some());
    assert_eq!(map.insert(over.clone(), 1.into()).unwrap_err(), FaultKind::KeySize(65));
    assert_eq!(map.get(&over).unwrap_err(), FaultKind::KeySize(65));
    assert_eq!(map.remove(&over).unwrap_err(), FaultKind::RemoveKeySize(65));
    for key in [StackItem::Null, StackItem::buffer(&[1]), StackItem::array([]), StackItem::map()] {
        let fault = FaultKind::WrongType("PrimitiveType");
        assert_eq!(map.insert(key.clone(), 1.into()).unwrap_err(), fault);
        assert_eq!(map.get(&key).unwrap_err(), fault);
        assert_eq!(map.remove(&key).unwrap_err(), fault);
    }
    assert!(map.is_empty());
}

#[test]
fn a_map_that_holds_a_compound_is_linked() {
    let map = Map::new();
    map.insert(1.into(), 1.into()).unwrap();
    assert!(!map.header().is_linked());
    map.insert(1.into(), StackItem::array([])).unwrap();
    assert!(map.header().is_linked());
}
