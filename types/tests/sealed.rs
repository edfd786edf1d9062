//! What safe code cannot do to items: break their invariants, or the count of a
//! machine that holds them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use neovm_types::{
    Array, Buffer, FaultKind, I256, Integer, Map, StackItem, WideValue,
    engine_internals::{ArrayInternals, CompoundInternals, MapInternals},
    item::WideInteger,
};
use proptest::prelude::*;

fn is_refused<T: std::fmt::Debug>(result: Result<T, FaultKind>) -> bool {
    matches!(result, Err(FaultKind::Host(message)) if message.contains("a machine holds this compound"))
}

#[test]
fn an_array_that_a_machine_counts_is_changed_by_the_machine_alone() {
    let array = Array::new(vec![1.into(), 2.into()]);
    array.header().set_references(1);
    assert!(is_refused(array.push(3.into())));
    assert!(is_refused(array.set(0, 3.into())));
    assert!(is_refused(array.remove(0)));
    assert!(is_refused(array.clear()));
    assert_eq!(array.len(), 2);
    array.reverse().unwrap();
    assert_eq!(array.get(0).unwrap().to_i32(), Ok(2), "the order of items is not counted");
    array.engine_push(3.into()).unwrap();
    array.engine_set(0, 4.into()).unwrap();
    array.engine_remove(1).unwrap();
    assert_eq!(array.engine_clear().unwrap().len(), 2);
    array.header().set_references(0);
    array.push(3.into()).unwrap();
}

#[test]
fn a_map_that_a_machine_counts_is_changed_by_the_machine_alone() {
    let map = Map::new();
    map.insert(1.into(), 1.into()).unwrap();
    map.header().set_references(1);
    assert!(is_refused(map.insert(1.into(), 2.into())));
    assert!(is_refused(map.insert(2.into(), 2.into())));
    assert!(is_refused(map.remove(&1.into())));
    assert!(is_refused(map.clear()));
    assert_eq!(map.len(), 1);
    map.engine_insert(2.into(), 2.into()).unwrap();
    map.engine_remove(&1.into()).unwrap();
    assert_eq!(map.engine_clear().unwrap().len(), 1);
    map.header().set_references(0);
    map.insert(2.into(), 2.into()).unwrap();
}

#[test]
fn what_an_engine_noted_can_be_taken_off() {
    let array = Array::new(vec![StackItem::array([])]);
    array.header().set_references(7);
    assert!(array.header().track());
    array.header().forget();
    assert_eq!(array.header().references(), 0);
    assert!(array.header().is_nested(), "what it holds is no matter of the engine");
    assert!(array.header().track(), "it is not tracked any more");
}

proptest! {
    #[test]
    fn no_wide_value_fits_64_bits(value: i64, byte in 8..31usize) {
        let small = I256::from(value);
        prop_assert_eq!(WideValue::new(small), None);
        prop_assert_eq!(Integer::from(small), Integer::Small(value));
        let mut bytes = small.to_le_bytes();
        bytes[byte] ^= 1;
        let wide = I256::from_le_bytes(&bytes).unwrap();
        prop_assert_eq!(WideValue::new(wide).map(WideValue::get), Some(wide));
        prop_assert_eq!(WideValue::new(wide).map(|wide| *WideInteger::new(wide)), Some(wide));
    }
}

/// Checks that a change was refused because the host is reading the item.
fn refused<T: core::fmt::Debug>(change: Result<T, FaultKind>, what: &str) {
    assert!(matches!(change, Err(FaultKind::Host(_))), "{what}: {change:?}");
}

#[test]
fn a_map_changes_for_nobody_who_reads_it() {
    let map = Map::new();
    map.insert(1.into(), 2.into()).unwrap();
    map.for_each(|_| {
        map.for_each(|_| ());
        refused(map.insert(1.into(), 3.into()), "a key that is there, one read within another ended");
        refused(map.insert(2.into(), 3.into()), "a new key");
        refused(map.remove(&1.into()), "remove");
        refused(map.clear(), "clear");
        assert_eq!((map.len(), map.to_vec().len()), (1, 1));
    });
    let panics = || map.for_each(|_| panic!("while it reads"));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    map.insert(1.into(), 3.into()).unwrap();
}

#[test]
fn an_array_changes_for_nobody_who_reads_it() {
    let array = Array::new(vec![1.into(), 2.into()]);
    array.for_each(|_| {
        array.for_each(|_| ());
        refused(array.push(3.into()), "one read within another ended, the outer did not");
        refused(array.set(0, 3.into()), "set");
        refused(array.remove(0), "remove");
        refused(array.clear(), "clear");
        refused(array.reverse(), "reverse");
        assert_eq!((array.len(), array.to_vec().len()), (2, 2));
    });
    let panics = || array.for_each(|_| panic!("while it reads"));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    array.push(3.into()).unwrap();
}

/// Calls itself from within as many reads of a buffer, and changes it within the last.
fn read(buffer: &Buffer, times: u32) {
    if times > 0 {
        return buffer.with(|_| read(buffer, times - 1));
    }
    refused(buffer.set(0, 1), "set");
    refused(buffer.reverse(), "reverse");
    refused(buffer.write(0, &[1]), "write");
    refused(buffer.copy_within(0..1, 1), "copy within");
}

#[test]
fn no_number_of_reads_of_a_buffer_counts_as_none() {
    let test = || {
        for times in [1, 65535, 65536] {
            let buffer = Buffer::zeroed(1);
            let too_many = catch_unwind(AssertUnwindSafe(|| read(&buffer, times))).is_err();
            assert_eq!((too_many, buffer.get(0)), (times > 65535, Some(0)));
            assert_eq!(buffer.set(0, 1), Ok(()), "all reads ended");
        }
    };
    thread::Builder::new().stack_size(1 << 28).spawn(test).unwrap().join().unwrap();
}
