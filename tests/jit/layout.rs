//! The offsets at which compiled code finds the parts of an array.

use neovm::{StackItem, types::engine_internals::Header};
use neovm_interp::tier::layout;

/// Reads what lies behind an array's item.
fn read<T: Copy>(item: &StackItem, offset: i32) -> T {
    assert!(matches!(item, StackItem::Array(_) | StackItem::Struct(_)));
    let payload = std::ptr::from_ref(item).cast::<*const u8>().wrapping_add(1);
    // SAFETY: the payload of an array's item is an address, from which on the layout names
    // initialized fields.
    unsafe { payload.read().offset(offset as isize).cast::<T>().read() }
}

#[test]
fn the_layout_holds_for_arrays_and_structs_of_any_length() {
    for length in (0..20).chain([100, 2048]) {
        let items = || (0..length as i64).map(StackItem::from).collect::<Vec<_>>();
        for item in [StackItem::array(items()), StackItem::structure(items())] {
            let (StackItem::Array(array) | StackItem::Struct(array)) = &item else { unreachable!("an array") };
            assert_eq!(read::<usize>(&item, layout::ARRAY_LENGTH), length);
            assert_eq!(read::<u8>(&item, layout::ARRAY_FLAGS) & layout::BARRED, 0);
            let read_only = item.deep_copy(true);
            assert_eq!(read::<u8>(&read_only, layout::ARRAY_FLAGS) & layout::BARRED, Header::READ_ONLY);
            if length > 0 {
                let first = read::<*const StackItem>(&item, layout::ARRAY_ITEMS);
                let mut places = Vec::new();
                array.for_each(|own| {
                    places.push(std::ptr::from_ref(own));
                    let barred = read::<u8>(&item, layout::ARRAY_FLAGS) & layout::BARRED;
                    assert_eq!(barred, Header::BORROWED, "while somebody reads the items");
                });
                assert_eq!(first, places[0]);
                assert_eq!(read::<u8>(&item, layout::ARRAY_FLAGS) & layout::BARRED, 0, "all read");
            }
        }
    }
}

#[test]
fn the_layout_follows_an_array_that_changes() {
    let item = StackItem::array([]);
    let StackItem::Array(array) = &item else { unreachable!("an array") };
    for length in 1..50 {
        array.push(StackItem::Null).unwrap();
        assert_eq!(read::<usize>(&item, layout::ARRAY_LENGTH), length);
    }
    array.clear().unwrap();
    assert_eq!(read::<usize>(&item, layout::ARRAY_LENGTH), 0);
}
