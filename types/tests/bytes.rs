//! Byte strings, buffers and wide integers: memory that is shared, moved, used
//! again or lent. Small enough for Miri.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use neovm_types::{
    Buffer, ByteString, FaultKind, Integer, StackItem, WideValue,
    engine_internals::{Constants, ItemInternals, Lent, add_wide_constant, wide_value_mut},
    item::WideInteger,
};

/// Lengths around that of a small block, and a long one.
fn lengths() -> impl Iterator<Item = usize> {
    (0..70).chain([1_000])
}

/// So many bytes, none of them zero.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| i as u8 % 251 + 1).collect()
}

fn wide(text: &str) -> WideValue {
    match text.parse() {
        Ok(Integer::Wide(value)) => value,
        other => panic!("{other:?} is no wide integer"),
    }
}

#[test]
fn bytes_of_all_lengths_are_kept() {
    let all: Vec<_> =
        lengths().map(|length| (ByteString::new(&pattern(length)), Buffer::new(&pattern(length)))).collect();
    for (length, (bytes, buffer)) in lengths().zip(&all) {
        assert_eq!(**bytes, pattern(length));
        assert_eq!((buffer.len(), buffer.is_empty()), (length, length == 0));
        buffer.with(|own| assert_eq!(own, pattern(length)));
        for split in [0, length / 2, length] {
            let (first, second) = bytes.split_at(split);
            Buffer::joined(first, second).with(|own| assert_eq!(own, pattern(length)));
        }
    }
}

#[test]
fn zeros_are_zeros_in_memory_that_was_used() {
    for length in lengths() {
        drop((ByteString::new(&pattern(length)), Buffer::new(&pattern(length))));
        Buffer::zeroed(length).with(|own| assert!(own.len() == length && own.iter().all(|&byte| byte == 0)));
    }
}

#[test]
fn clones_share_the_bytes() {
    for length in lengths() {
        let bytes = ByteString::new(&pattern(length));
        let clone = bytes.clone();
        assert_eq!(clone.as_ptr(), bytes.as_ptr());
        drop(bytes);
        assert_eq!(*clone, pattern(length));
        let buffer = Buffer::new(&pattern(length));
        let same = buffer.clone();
        assert!(same.is_same(&buffer) && !same.is_same(&Buffer::new(&pattern(length))));
        assert_eq!(same.set(0, 0).is_ok(), length > 0);
        assert_eq!(buffer.get(0), (length > 0).then_some(0));
    }
}

#[test]
fn a_buffer_becomes_a_byte_string_without_a_copy_if_nobody_else_holds_it() {
    for length in lengths() {
        let buffer = Buffer::new(&pattern(length));
        let place = buffer.with(<[u8]>::as_ptr);
        let bytes = ByteString::from_buffer(buffer);
        assert_eq!((bytes.as_ptr(), &*bytes), (place, &*pattern(length)));

        let buffer = Buffer::new(&pattern(length));
        let bytes = ByteString::from_buffer(buffer.clone());
        buffer.reverse().unwrap();
        assert_eq!(*bytes, pattern(length), "the byte string is another's");
        let reversed: Vec<_> = pattern(length).into_iter().rev().collect();
        buffer.with(|own| assert_eq!(own, reversed));
    }
}

#[test]
fn a_buffer_does_not_change_while_somebody_reads_it() {
    type Change = fn(&Buffer) -> Result<(), FaultKind>;
    let buffer = Buffer::new(b"abc");
    let same = buffer.clone();
    let changes: [Change; 4] = [Buffer::reverse, |b| b.set(0, 1), |b| b.write(0, b"x"), |b| b.copy_within(0..1, 1)];
    for change in changes {
        let result = buffer.with(|_| change(&same));
        assert!(matches!(result, Err(FaultKind::Host(_))), "{result:?}");
        buffer.with(|bytes| assert_eq!(bytes, b"abc"));
    }
    // A read within another; and none is left over.
    buffer.with(|outer| same.with(|inner| assert_eq!(outer, inner)));
    buffer.reverse().unwrap();
    same.with(|bytes| assert_eq!(bytes, b"cba"));
    let panics = || buffer.with(|_| panic!("while it reads"));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    // Somebody is reading, so the bytes are not taken over but copied.
    let bytes = buffer.with(|_| ByteString::from_buffer(same.clone()));
    buffer.set(0, b'x').unwrap();
    assert_eq!(*bytes, *b"cba");
}

#[test]
fn memory_that_is_used_again_holds_nothing_of_before() {
    // More than a thread keeps.
    let many = if cfg!(miri) { 700 } else { 5_000 };
    for round in 0..3u8 {
        let all: Vec<_> = (0..many).map(|i| ByteString::new(&[round, i as u8, (i >> 8) as u8])).collect();
        let half: Vec<_> = all.iter().step_by(2).cloned().collect();
        drop(all);
        for (i, bytes) in (0..many).step_by(2).zip(&half) {
            assert_eq!(**bytes, [round, i as u8, (i >> 8) as u8]);
        }
    }
}

/// What is dropped when a thread ends, perhaps after the blocks that it kept.
#[test]
fn items_can_be_dropped_while_a_thread_ends() {
    thread_local! {
        static LAST: RefCell<Vec<StackItem>> = const { RefCell::new(Vec::new()) };
    }
    struct Maker;
    impl Drop for Maker {
        fn drop(&mut self) {
            drop(ByteString::new(b"made while the thread ends"));
        }
    }
    thread_local! {
        static MAKER: Maker = const { Maker };
    }
    let end = || {
        MAKER.with(|_| ());
        LAST.with_borrow_mut(|last| last.extend(lengths().map(|length| StackItem::buffer(&pattern(length)))));
        LAST.with_borrow_mut(|last| last.push(StackItem::BigInteger(WideInteger::new(wide("99999999999999999999")))));
    };
    thread::spawn(end).join().unwrap();
    thread::spawn(move || {
        drop(ByteString::new(b"first"));
        end();
    })
    .join()
    .unwrap();
}

#[test]
fn a_wide_integer_changes_only_where_nobody_else_holds_it() {
    let (value, other) = (wide("99999999999999999999"), wide("-88888888888888888888"));
    let mut own = WideInteger::new(value);
    *wide_value_mut(&mut own).unwrap() = other;
    assert_eq!(own.get(), other);
    let mut clone = own.clone();
    assert!(wide_value_mut(&mut own).is_none() && wide_value_mut(&mut clone).is_none());
    drop(own);
    *wide_value_mut(&mut clone).unwrap() = value;
    assert_eq!(clone.into_owned().get(), value);
}

#[test]
fn constants_of_all_lengths_are_lent_and_copied() {
    let mut constants = Constants::default();
    let places: Vec<_> = lengths().map(|length| constants.add(&pattern(length))).collect();
    assert!(constants.memory() >= lengths().sum::<usize>());
    let mut copies = Vec::new();
    for (length, &place) in lengths().zip(&places) {
        // SAFETY: `add` returned the place, none was added since; what is lent ends with this turn.
        let (lent, again) = unsafe {
            let lent = ByteString::constant(constants.start(), place);
            let again = lent.lend();
            (lent, again)
        };
        assert!(lent.is_constant() && again.is_constant());
        assert_eq!((lent.as_ptr(), &*lent), (again.as_ptr(), &*pattern(length)));
        drop(lent);
        let clone = again.clone();
        assert!(!clone.is_constant() && clone == again && clone.as_ptr() != again.as_ptr());
        let owned = again.into_owned();
        assert!(!owned.is_constant());
        let place = owned.as_ptr();
        assert_eq!(owned.clone().into_owned().as_ptr(), place, "its own already");
        copies.push((clone, StackItem::ByteString(owned).into_owned()));
    }
    drop(constants);
    for (length, (clone, item)) in lengths().zip(copies) {
        assert_eq!(*clone, pattern(length));
        assert!(matches!(item, StackItem::ByteString(bytes) if bytes == clone));
    }
}

#[test]
fn wide_constants_are_lent_and_copied() {
    let values = [wide("99999999999999999999"), wide("-99999999999999999999")];
    let mut constants = Constants::default();
    constants.add(b"what is before");
    let places = values.map(|value| add_wide_constant(&mut constants, value));
    let copies: Vec<_> = places
        .into_iter()
        .flat_map(|place| {
            // SAFETY: `add_wide_constant` returned the place, none was added since; what is lent ends here.
            let (mut lent, again) = unsafe {
                let lent = WideInteger::constant(constants.start(), place);
                let again = lent.lend();
                (lent, again)
            };
            assert!(wide_value_mut(&mut lent).is_none(), "it is not its holder's to change");
            let mut copy = lent.clone();
            assert!(wide_value_mut(&mut copy).is_some());
            [copy, lent.into_owned(), StackItem::BigInteger(again).into_owned().to_integer().map(owned).unwrap()]
        })
        .collect();
    drop(constants);
    let expected = values.map(|value| [value; 3]).concat();
    assert_eq!(copies.iter().map(|copy| copy.get()).collect::<Vec<_>>(), expected);
}

fn owned(value: Integer) -> WideInteger {
    match value {
        Integer::Wide(value) => WideInteger::new(value),
        Integer::Small(value) => panic!("{value} is no wide integer"),
    }
}

#[test]
fn text_that_was_checked_is_checked_again_when_it_changed() {
    let buffer = Buffer::new("text, \u{e4}".as_bytes());
    let item = StackItem::Buffer(buffer.clone());
    for _ in 0..2 {
        assert_eq!(item.check_text(), Ok(()));
        assert_eq!(item.to_text(), Ok(Some("text, \u{e4}".into())));
    }
    assert_eq!(buffer.set(0, 0xff), Ok(()));
    for _ in 0..2 {
        assert_eq!(item.check_text(), Err(FaultKind::NotUtf8 { byte: 0xff, index: 0 }));
    }
    assert_eq!(buffer.set(0, b't'), Ok(()));
    assert_eq!(item.check_text(), Ok(()));
    buffer.reverse().unwrap();
    assert_eq!(item.check_text(), Err(FaultKind::NotUtf8 { byte: 0xa4, index: 0 }));
    buffer.reverse().unwrap();
    assert_eq!(item.check_text(), Ok(()));
    assert_eq!(buffer.write(6, &[0xc3, 0x28]), Ok(()));
    assert_eq!(item.check_text(), Err(FaultKind::NotUtf8 { byte: 0xc3, index: 6 }));
    assert_eq!(buffer.copy_within(0..2, 6), Ok(()));
    assert_eq!(item.check_text(), Ok(()));
    assert_eq!(buffer.copy_within(6..8, 0), Ok(()));
    let string = StackItem::ByteString(ByteString::from_buffer(buffer));
    assert_eq!(string.check_text(), Ok(()));
    assert_eq!(StackItem::map().check_text(), Err(FaultKind::InvalidCast));
    assert_eq!((StackItem::Null.check_text(), StackItem::from(0xff).check_text().is_err()), (Ok(()), true));
}

#[test]
fn long_constants_that_are_text_are_known_to_be() {
    for (bytes, is_text) in [("ä".repeat(500).into_bytes(), true), (vec![0xc3; 500], false), (vec![0xff; 5], false)] {
        let mut constants = Constants::default();
        let place = constants.add(&bytes);
        // SAFETY: the byte string is dropped before the constants.
        let item = StackItem::ByteString(unsafe { ByteString::constant(constants.start(), place) });
        assert_eq!((item.check_text().is_ok(), item.clone().check_text().is_ok()), (is_text, is_text));
    }
}
