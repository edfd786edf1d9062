//! The table of opcodes, prices, and the tables of names and flags.

use std::collections::BTreeSet;

use neovm_types::{
    CallFlags, ItemType, OpCode, PriceTable,
    hash::syscall_id,
    opcode::{Arity, OperandKind, SlotAccess, SlotKind, markdown_table},
    price::PriceError,
    syscalls::{SYSCALLS, syscall_name},
};

#[test]
fn the_table_has_each_opcode_once() {
    assert_eq!(OpCode::ALL.len(), 196);
    let bytes: BTreeSet<u8> = OpCode::ALL.iter().map(|&op| op as u8).collect();
    let names: BTreeSet<&str> = OpCode::ALL.iter().map(|op| op.mnemonic()).collect();
    assert_eq!((bytes.len(), names.len()), (196, 196));
    assert!(OpCode::ALL.is_sorted());
    for byte in 0..=255 {
        assert_eq!(OpCode::from_byte(byte).map(|op| op as u8), bytes.contains(&byte).then_some(byte));
    }
    for &op in OpCode::ALL {
        assert_eq!(OpCode::from_mnemonic(op.mnemonic()), Some(op));
        assert_eq!(op.info().opcode, op);
    }
    assert_eq!(OpCode::from_mnemonic("push0"), None);
}

#[test]
fn rows_are_those_of_the_reference() {
    let row = |op: OpCode| (op as u8, op.operand(), op.info().price);
    assert_eq!(row(OpCode::PUSHINT256), (0x05, OperandKind::Int(32), 4));
    assert_eq!(row(OpCode::PUSHDATA4), (0x0e, OperandKind::Data(4), 4096));
    assert_eq!(row(OpCode::PUSH16), (0x20, OperandKind::None, 1));
    assert_eq!(row(OpCode::CALLT), (0x37, OperandKind::Token, 32768));
    assert_eq!(row(OpCode::TRY_L), (0x3c, OperandKind::Try32, 4));
    assert_eq!(row(OpCode::SYSCALL), (0x41, OperandKind::Syscall, 0));
    assert_eq!(row(OpCode::INITSLOT), (0x57, OperandKind::Slots, 64));
    assert_eq!(row(OpCode::MODPOW), (0xa6, OperandKind::None, 2048));
    assert_eq!(row(OpCode::CONVERT), (0xdb, OperandKind::Type, 8192));
    assert_eq!(row(OpCode::ASSERTMSG), (0xe1, OperandKind::None, 1));
    assert_eq!(OpCode::WITHIN.info().pops, Arity::Exactly(3));
    assert_eq!(OpCode::UNPACK.info().pushes, Arity::Variable);
}

#[test]
fn long_forms_stand_behind_their_short_ones() {
    for &op in OpCode::ALL {
        let long = OpCode::from_byte(op as u8 + 1);
        let expected = match op.operand() {
            OperandKind::Jump8 => OperandKind::Jump32,
            OperandKind::Try8 => OperandKind::Try32,
            _ => continue,
        };
        let long = long.expect("each short form has a long one");
        assert_eq!(long.operand(), expected);
        assert_eq!(long.mnemonic(), format!("{op}_L"));
    }
}

#[test]
fn slots_are_accessed_as_mnemonics_say() {
    let mut accesses = 0;
    for &opcode in OpCode::ALL {
        let mnemonic = opcode.mnemonic();
        let kinds = [("SFLD", SlotKind::Static), ("LOC", SlotKind::Local), ("ARG", SlotKind::Argument)];
        let expected = kinds.into_iter().find_map(|(name, kind)| {
            let (is_store, slot) = match mnemonic.split_at_checked(2)? {
                ("LD", slot) => (false, slot),
                ("ST", slot) => (true, slot),
                _ => return None,
            };
            let index = slot.strip_prefix(name)?;
            Some(SlotAccess { kind, is_store, index: index.parse().ok() })
        });
        assert_eq!(opcode.slot_access(), expected, "{mnemonic}");
        accesses += usize::from(expected.is_some());
    }
    assert_eq!(accesses, 48);
}

#[test]
fn the_page_of_opcodes_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/opcodes.md");
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == markdown_table(),
        "docs/opcodes.md is not current; make it with: cargo run -p neovm-types --example opcodes > docs/opcodes.md"
    );
}

#[test]
fn prices_can_be_changed_within_bounds() {
    let table = PriceTable::DEFAULT;
    assert!(OpCode::ALL.iter().all(|&op| table.price(op) == op.info().price));
    let dearer = table.clone().with_price(OpCode::ADD, 9).unwrap();
    assert_eq!((dearer.price(OpCode::ADD), dearer.price(OpCode::SUB)), (9, 8));
    assert_eq!(table.clone().with_price(OpCode::ADD, 0), Err(PriceError::Free { opcode: OpCode::ADD }));
    assert!(table.clone().with_price(OpCode::RET, 0).is_ok());
    assert!(table.clone().with_price(OpCode::ADD, PriceTable::MAX).is_ok());
    let price = PriceTable::MAX + 1;
    assert_eq!(table.with_price(OpCode::ADD, price), Err(PriceError::TooHigh { opcode: OpCode::ADD, price }));
}

#[test]
fn item_types_have_their_bytes_and_names() {
    for byte in 0..=255 {
        assert_eq!(ItemType::from_byte(byte).map(|item_type| item_type as u8), {
            let defined = [0x00, 0x10, 0x20, 0x21, 0x28, 0x30, 0x40, 0x41, 0x48, 0x60];
            defined.contains(&byte).then_some(byte)
        });
    }
    for item_type in ItemType::ALL {
        assert_eq!(ItemType::from_name(item_type.name()), Some(item_type));
    }
    assert_eq!(ItemType::from_name("Null"), None);
}

#[test]
fn system_calls_are_known_by_the_hash_of_their_name() {
    assert_eq!(SYSCALLS.len(), 41);
    assert!(SYSCALLS.is_sorted_by_key(|(_, name)| *name));
    for &(id, name) in SYSCALLS {
        assert_eq!(syscall_id(name), id, "{name}");
        assert_eq!(syscall_name(id), Some(name));
    }
    assert_eq!(syscall_id("System.Contract.Call").to_le_bytes(), [0x62, 0x7d, 0x5b, 0x52]);
    assert_eq!(syscall_name(0), None);
}

#[test]
fn call_flags_have_the_names_of_the_reference() {
    let shown = |bits| CallFlags::from_bits(bits).map(|flags| flags.to_string());
    let names = [
        (0, "None"),
        (1, "ReadStates"),
        (2, "WriteStates"),
        (3, "States"),
        (4, "AllowCall"),
        (5, "ReadOnly"),
        (6, "WriteStates, AllowCall"),
        (7, "WriteStates, ReadOnly"),
        (8, "AllowNotify"),
        (13, "ReadOnly, AllowNotify"),
        (15, "All"),
    ];
    for (bits, name) in names {
        assert_eq!(shown(bits).as_deref(), Some(name));
    }
    for bits in 0..16 {
        let flags = CallFlags::from_bits(bits).unwrap();
        assert_eq!(flags.to_string().parse(), Ok(flags));
    }
    assert_eq!(shown(16), None);
    assert_eq!("All,".parse::<CallFlags>().unwrap_err().0, "");
    assert!("read".parse::<CallFlags>().unwrap_err().to_string().starts_with("\"read\" is not a call flag"));
    assert_eq!(CallFlags::READ_STATES | CallFlags::ALLOW_CALL, CallFlags::READ_ONLY);
    assert!(CallFlags::ALL.contains(CallFlags::STATES) && !CallFlags::READ_ONLY.contains(CallFlags::STATES));
}
