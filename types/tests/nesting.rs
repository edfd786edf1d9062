//! Compounds 100,000 deep on a small stack: nothing may recurse.

use neovm_types::{
    Array, BuildError, FaultKind, Limits, Map, ScriptBuilder, StackItem,
    engine_internals::{Candidate, ItemInternals, collect_cycles},
    item::{JsonError, JsonLimits, StructCloneLimit, write_json_stack},
};

const DEPTH: usize = 100_000;

/// More than any depth.
const WIDE: Limits = Limits::DEFAULT.with_max_stack_size(u32::MAX).with_max_comparable_size(u32::MAX);

/// Runs a test on a stack that a recursion of this depth would overflow.
fn on_small_stack(test: fn()) {
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(test).unwrap();
    thread.join().unwrap();
}

fn nested(depth: usize, wrap: fn(StackItem) -> StackItem) -> StackItem {
    (0..depth).fold(StackItem::Null, |inner, _| wrap(inner))
}

fn in_array(item: StackItem) -> StackItem {
    StackItem::array([item])
}

fn in_struct(item: StackItem) -> StackItem {
    StackItem::structure([item])
}

fn in_map(item: StackItem) -> StackItem {
    let map = Map::new();
    map.insert(1.into(), item).unwrap();
    StackItem::Map(map)
}

const WRAPS: [fn(StackItem) -> StackItem; 3] = [in_array, in_struct, in_map];

#[test]
fn dropping_does_not_recurse() {
    on_small_stack(|| WRAPS.into_iter().for_each(|wrap| drop(nested(DEPTH, wrap))));
    on_small_stack(|| {
        let deep = nested(DEPTH, |inner| in_array(in_map(in_struct(inner))));
        let StackItem::Array(array) = &deep else { panic!("no array") };
        drop(array.clear().unwrap());
    });
}

#[test]
fn deep_copies_do_not_recurse() {
    on_small_stack(|| {
        for wrap in WRAPS {
            let deep = nested(DEPTH, wrap);
            let copy = deep.deep_copy(true);
            drop(deep);
            assert!(copy.header().unwrap().is_read_only());
        }
    });
}

#[test]
fn equality_and_clones_of_structs_do_not_recurse() {
    on_small_stack(|| {
        let (a, b) = (nested(DEPTH, in_struct), nested(DEPTH, in_struct));
        assert_eq!(a.equals(&b, &Limits::DEFAULT), Err(FaultKind::StructCompareCount));
        assert_eq!(a.equals(&b, &WIDE), Ok(true));
        assert_eq!(a.equals(&in_struct(b), &WIDE), Ok(false));
        let StackItem::Struct(array) = &a else { panic!("no struct") };
        let fault = array.clone_struct(StructCloneLimit::from(&Limits::DEFAULT)).unwrap_err();
        assert_eq!(fault, FaultKind::StructCloneLimit);
        let copy = array.clone_struct(StructCloneLimit::from(&WIDE)).unwrap().0;
        assert_eq!(StackItem::Struct(copy).equals(&a, &WIDE), Ok(true));
    });
}

#[test]
fn json_does_not_recurse() {
    on_small_stack(|| {
        for (wrap, name) in WRAPS.into_iter().zip(["Array", "Struct", "Map"]) {
            assert_eq!(nested(DEPTH, wrap).to_json(), Err(JsonError::TooLarge));
            let limits = JsonLimits { nodes: usize::MAX, text: usize::MAX };
            let mut text = String::new();
            write_json_stack(&mut text, [&nested(DEPTH, wrap)], limits).unwrap();
            assert_eq!(text.matches(name).count(), DEPTH);
        }
    });
}

#[test]
fn showing_does_not_recurse() {
    on_small_stack(|| {
        assert_eq!(format!("{:?}", nested(DEPTH, in_struct)), "Struct (too large)");
        let array = Array::new(vec![]);
        array.push(StackItem::Array(array.clone())).unwrap();
        assert_eq!(format!("{:?}", StackItem::Array(array.clone())), "Array (an item holds itself)");
        assert!(format!("{array:?}").contains("(an item holds itself)"));
        array.clear().unwrap();
    });
}

#[test]
fn the_collection_of_cycles_does_not_recurse() {
    on_small_stack(|| {
        for wrap in WRAPS {
            let end = Array::new(vec![]);
            let deep = (0..DEPTH).fold(StackItem::Array(end.clone()), |inner, _| wrap(inner));
            end.push(deep.clone()).unwrap();
            let mut candidates = vec![Candidate::new(&StackItem::Array(end)).unwrap()];
            let noted = candidates[0].clone();
            collect_cycles(&mut candidates, false);
            assert_eq!((candidates.len(), noted.is_alive()), (1, true), "it is held");
            drop(deep);
            collect_cycles(&mut candidates, false);
            assert_eq!((candidates.len(), noted.is_alive()), (0, false));
        }
    });
}

#[test]
fn pushing_does_not_recurse() {
    on_small_stack(|| {
        let mut builder = ScriptBuilder::new();
        let script = builder.push(nested(DEPTH, in_array)).build().unwrap();
        // Null, then for each array its count and PACK.
        assert_eq!(script.len(), 1 + 2 * DEPTH);
        let doubled = (0..40).fold(StackItem::Null, |inner, _| StackItem::array([inner.clone(), inner]));
        assert_eq!(ScriptBuilder::new().push(doubled).build(), Err(BuildError::TooLong));
    });
}
