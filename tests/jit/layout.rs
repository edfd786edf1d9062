//! Where the parts of an array lie: found out by looking at one, and true of others.

use neovm::{StackItem, types::item::Header};
use neovm_interp::tier::layout::ArrayLayout;

/// Reads what lies behind an array's item.
fn read<T: Copy>(item: &StackItem, offset: i32) -> T {
    assert!(matches!(item, StackItem::Array(_) | StackItem::Struct(_)));
    let payload = std::ptr::from_ref(item).cast::<*const u8>().wrapping_add(1);
    // SAFETY: the payload of an array's item is the address of its counted memory, of which a
    // layout that was found names initialized words.
    unsafe { payload.read().offset(offset as isize).cast::<T>().read() }
}

fn layout() -> ArrayLayout {
    ArrayLayout::find().expect("compiled code knows arrays in this build")
}

#[test]
fn the_layout_is_the_same_each_time() {
    assert!((0..100).all(|_| ArrayLayout::find() == Some(layout())));
}

#[test]
fn the_layout_holds_for_arrays_and_structs_of_any_length() {
    let layout = layout();
    for length in (0..20).chain([100, 2048]) {
        let items = || (0..length as i64).map(StackItem::from).collect::<Vec<_>>();
        for item in [StackItem::array(items()), StackItem::structure(items())] {
            let (StackItem::Array(array) | StackItem::Struct(array)) = &item else { unreachable!("an array") };
            assert_eq!(read::<usize>(&item, layout.length), length);
            assert_eq!(read::<usize>(&item, layout.borrowed), 0);
            array.header().set_references(length as i32 - 7);
            assert_eq!(read::<i32>(&item, layout.references), length as i32 - 7);
            assert_eq!(read::<u8>(&item, layout.flags) & Header::READ_ONLY, 0);
            let read_only = item.deep_copy(true);
            assert_eq!(read::<u8>(&read_only, layout.flags) & Header::READ_ONLY, Header::READ_ONLY);
            if length > 0 {
                let first = read::<*const StackItem>(&item, layout.items);
                let mut places = Vec::new();
                array.for_each(|own| {
                    places.push(std::ptr::from_ref(own));
                    assert_ne!(read::<usize>(&item, layout.borrowed), 0, "while somebody looks at the items");
                });
                assert_eq!(first, places[0]);
            }
        }
    }
}

#[test]
fn the_layout_follows_an_array_that_changes() {
    let (layout, item) = (layout(), StackItem::array([]));
    let StackItem::Array(array) = &item else { unreachable!("an array") };
    for length in 1..50 {
        array.push(StackItem::Null).unwrap();
        assert_eq!(read::<usize>(&item, layout.length), length);
    }
    array.clear().unwrap();
    assert_eq!(read::<usize>(&item, layout.length), 0);
}
