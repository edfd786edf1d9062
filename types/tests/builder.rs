//! Scripts made with the builder.

use neovm_types::{
    Array, BuildError, CallFlags, Hash160, Instruction, Integer, Interop, ItemType, Map, OpCode, Script, ScriptBuilder,
    StackItem, engine_internals::pointer as engine_pointer, opcode::OperandKind,
};

fn pushed(item: impl Into<StackItem>) -> Vec<u8> {
    ScriptBuilder::new().push(item).build().unwrap().bytes().to_vec()
}

fn failed(make: impl FnOnce(&mut ScriptBuilder)) -> BuildError {
    let mut builder = ScriptBuilder::new();
    make(&mut builder);
    builder.build().unwrap_err()
}

#[test]
fn integers_take_the_shortest_instruction() {
    for value in -1..=16 {
        assert_eq!(pushed(value), [(0x10 + value) as u8]);
    }
    let cases: [(i64, &[u8]); 13] = [
        (17, &[0x00, 17]),
        (-2, &[0x00, 0xfe]),
        (127, &[0x00, 0x7f]),
        (-128, &[0x00, 0x80]),
        (128, &[0x01, 0x80, 0x00]),
        (-129, &[0x01, 0x7f, 0xff]),
        (32767, &[0x01, 0xff, 0x7f]),
        (32768, &[0x02, 0x00, 0x80, 0x00, 0x00]),
        (-32769, &[0x02, 0xff, 0x7f, 0xff, 0xff]),
        (1 << 23, &[0x02, 0x00, 0x00, 0x80, 0x00]),
        (1 << 31, &[0x03, 0, 0, 0, 0x80, 0, 0, 0, 0]),
        (i64::MAX, &[0x03, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
        (i64::MIN, &[0x03, 0, 0, 0, 0, 0, 0, 0, 0x80]),
    ];
    for (value, bytes) in cases {
        assert_eq!(pushed(value), bytes, "{value}");
    }
}

#[test]
fn integers_of_all_sizes_come_back() {
    let sizes = [(64, 16), (126, 16), (127, 32), (128, 32), (254, 32)];
    for (bits, size) in sizes {
        let value = Integer::from(1).shl(bits).unwrap();
        for value in [value, value.neg().unwrap().sub(1.into()).unwrap()] {
            let script = pushed(value);
            let instruction = Instruction::decode(&script, 0).unwrap();
            assert_eq!((instruction.operand.len(), instruction.size()), (size, script.len()), "{value}");
            assert_eq!(Integer::from_le_bytes(instruction.operand), Some(value));
        }
    }
}

#[test]
fn data_takes_the_shortest_prefix() {
    assert_eq!(pushed("abc"), [0x0c, 3, b'a', b'b', b'c']);
    assert_eq!(pushed(""), [0x0c, 0]);
    let head = |length: usize| pushed(vec![7; length].as_slice())[..5].to_vec();
    assert_eq!(head(255)[..2], [0x0c, 255]);
    assert_eq!(head(256)[..3], [0x0d, 0, 1]);
    assert_eq!(head(65535)[..3], [0x0d, 0xff, 0xff]);
    assert_eq!(head(65536), [0x0e, 0, 0, 1, 0]);
    assert_eq!((pushed(true), pushed(false), pushed(StackItem::Null)), (vec![0x08], vec![0x09], vec![0x0b]));
    assert_eq!(pushed(Hash160([9; 20])), [&[0x0c, 20][..], &[9; 20]].concat());
    assert_eq!(pushed(CallFlags::ALL), [0x1f]);
    assert_eq!(pushed(StackItem::buffer(&[1, 2])), [0x0c, 2, 1, 2, 0xdb, 0x30]);
}

#[test]
fn compounds_are_packed_from_their_last_item() {
    assert_eq!(pushed(StackItem::array([])), [0xc2]);
    assert_eq!(pushed(StackItem::structure([])), [0xc5]);
    assert_eq!(pushed(StackItem::map()), [0xc8]);
    assert_eq!(pushed(StackItem::array([1.into(), 2.into()])), [0x12, 0x11, 0x12, 0xc0]);
    assert_eq!(pushed(StackItem::structure([1.into(), 2.into()])), [0x12, 0x11, 0x12, 0xbf]);
    let map = Map::new();
    map.insert(1.into(), 2.into()).unwrap();
    map.insert(3.into(), StackItem::array([5.into()])).unwrap();
    let inner = [0x15, 0x11, 0xc0];
    let expected = [&inner[..], &[0x13, 0x12, 0x11, 0x12, 0xbe]].concat();
    assert_eq!(pushed(StackItem::Map(map)), expected);
    let shared = StackItem::array([1.into()]);
    let twice = pushed(StackItem::array([shared.clone(), shared]));
    assert_eq!(twice, [0x11, 0x11, 0xc0, 0x11, 0x11, 0xc0, 0x12, 0xc0]);
}

#[test]
fn what_no_instruction_makes_is_refused() {
    let array = Array::new(vec![]);
    array.push(StackItem::Array(array.clone())).unwrap();
    assert_eq!(
        failed(|builder| {
            builder.push(StackItem::Array(array.clone()));
        }),
        BuildError::Cycle
    );
    array.clear().unwrap();
    let pointer = StackItem::Pointer(engine_pointer(0, 0));
    for item in [pointer, StackItem::Interop(Interop::new(()))] {
        let item_type = item.item_type();
        let error = failed(|builder| {
            builder.push(StackItem::array([item]));
        });
        assert_eq!(error, BuildError::Unpushable { item_type });
    }
}

#[test]
fn operands_must_have_their_size() {
    let build = |opcode, operand: &[u8]| ScriptBuilder::new().op_with(opcode, operand).build();
    assert_eq!(build(OpCode::LDLOC, &[7]).unwrap().bytes(), [0x6f, 7]);
    assert_eq!(build(OpCode::PUSHDATA2, &[7]).unwrap().bytes(), [0x0d, 1, 0, 7]);
    assert_eq!(build(OpCode::CALLT, &[1, 2]).unwrap().bytes(), [0x37, 1, 2]);
    let wrong = |opcode: OpCode, size| BuildError::OperandSize { opcode, kind: opcode.operand(), size };
    assert_eq!(build(OpCode::LDLOC, &[]), Err(wrong(OpCode::LDLOC, 0)));
    assert_eq!(build(OpCode::ADD, &[1]), Err(wrong(OpCode::ADD, 1)));
    assert_eq!(build(OpCode::PUSHDATA1, &[0; 256]), Err(wrong(OpCode::PUSHDATA1, 256)));
    assert!(build(OpCode::PUSHDATA1, &[0; 255]).is_ok());
    let message = "LDLOC cannot have an operand of 0 bytes: it takes 1";
    assert_eq!(build(OpCode::LDLOC, &[]).unwrap_err().to_string(), message);
    let message = "PUSHDATA1 cannot have an operand of 256 bytes: it takes at most 255";
    assert_eq!(build(OpCode::PUSHDATA1, &[0; 256]).unwrap_err().to_string(), message);
}

#[test]
fn calls_of_contracts_are_built_as_by_the_tools_of_neo() {
    let hash: Hash160 = "0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5".parse().unwrap();
    let mut builder = ScriptBuilder::new();
    builder.dynamic_call(hash, "symbol", CallFlags::READ_ONLY, &[]);
    let mut expected = vec![0xc2, 0x15, 0x0c, 6];
    expected.extend(b"symbol\x0c\x14");
    expected.extend(hash.0);
    expected.extend([0x41, 0x62, 0x7d, 0x5b, 0x52]);
    assert_eq!(builder.build().unwrap().bytes(), expected);
    assert_eq!(hash.0[0], 0xf5, "the last byte of the text is the first of the script");
    let mut builder = ScriptBuilder::new();
    builder.dynamic_call(hash, "f", CallFlags::ALL, &[1.into(), "a".into()]);
    assert_eq!(builder.build().unwrap().bytes()[..10], [0x0c, 1, b'a', 0x11, 0x12, 0xc0, 0x1f, 0x0c, 1, b'f']);
}

#[test]
fn labels_lead_forward_and_back() {
    let mut builder = ScriptBuilder::new();
    let (start, end) = (builder.label(), builder.label());
    builder.bind(start).push(true).jump(OpCode::JMPIF, end).jump(OpCode::JMP, start);
    builder.bind(end).call(start).pusha(end).op(OpCode::RET);
    let expected = [0x08, 0x24, 4, 0x22, 0xfd, 0x34, 0xfb, 0x0a, 0xfe, 0xff, 0xff, 0xff, 0x40];
    assert_eq!(builder.build().unwrap().bytes(), expected);
}

#[test]
fn try_blocks_name_their_handlers() {
    let mut builder = ScriptBuilder::new();
    let (catch, finally, end) = (builder.label(), builder.label(), builder.label());
    builder.try_block(Some(catch), Some(finally)).end_try(end);
    builder.bind(catch).op(OpCode::DROP).end_try(end);
    builder.bind(finally).op(OpCode::ENDFINALLY);
    builder.bind(end).try_block(None, Some(catch));
    let script = builder.build().unwrap();
    assert_eq!(script.bytes(), [0x3b, 5, 8, 0x3d, 6, 0x45, 0x3d, 3, 0x3f, 0x3b, 0, 0xfc]);
    assert_eq!(script.validate(), Ok(()));
    let itself = failed(|builder| {
        let label = builder.label();
        builder.bind(label).try_block(Some(label), None);
    });
    assert_eq!(itself, BuildError::TryItself);
}

/// A jump over `length` bytes, and one back over them.
fn jumps_over(length: usize) -> Script {
    let mut builder = ScriptBuilder::new();
    let (start, end) = (builder.label(), builder.label());
    builder.bind(start).jump(OpCode::JMPLT, end).raw(&vec![0x21; length]).bind(end).jump(OpCode::JMPGE, start);
    builder.build().unwrap()
}

#[test]
fn offsets_are_short_where_they_fit() {
    let script = jumps_over(125);
    assert_eq!((script.bytes()[..2].to_vec(), script.len()), (vec![0x30, 127], 129));
    assert_eq!(script.bytes()[127..], [0x2e, 0x81]);
    // One byte more: only the first is too far, its long form makes the other too far.
    let script = jumps_over(126);
    assert_eq!(script.bytes()[..5], [0x31, 131, 0, 0, 0]);
    assert_eq!(script.bytes()[131..], [0x2f, 0x7d, 0xff, 0xff, 0xff]);
    let mut builder = ScriptBuilder::new();
    let label = builder.label();
    builder.bind(label).raw(&[0x21; 128]).jump(OpCode::JMP, label).raw(&[0x21; 3]).jump(OpCode::JMP_L, label);
    let script = builder.build().unwrap();
    assert_eq!(script.bytes()[128..130], [0x22, 0x80]);
    assert_eq!(script.bytes()[133..], [0x23, 0x7b, 0xff, 0xff, 0xff], "a long form stays long");
}

#[test]
fn lengthening_goes_on_until_all_fit() {
    // Each jump reaches just over the next one, so the last makes all of them long.
    let mut builder = ScriptBuilder::new();
    let labels: Vec<_> = (0..40).map(|_| builder.label()).collect();
    for i in 0..40 {
        builder.jump(OpCode::JMP, labels[i]);
        if i > 0 {
            builder.bind(labels[i - 1]);
        }
        builder.raw(&[0x21; 123]);
    }
    builder.raw(&[0x21; 3]).bind(labels[39]).op(OpCode::RET);
    let script = builder.build().unwrap();
    assert_eq!(script.validate(), Ok(()));
    let jumps: Vec<OpCode> = script.instructions().map(|(_, part)| part.unwrap().opcode).collect();
    assert_eq!(jumps.iter().filter(|&&op| op == OpCode::JMP_L).count(), 40);
    let mut builder = ScriptBuilder::new();
    let label = builder.label();
    builder.try_block(None, Some(label)).raw(&[0x21; 125]).bind(label).op(OpCode::ENDFINALLY);
    assert_eq!(builder.build().unwrap().bytes()[..9], [0x3c, 0, 0, 0, 0, 134, 0, 0, 0]);
}

#[test]
fn errors_of_labels_are_told() {
    let unbound = failed(|builder| {
        builder.label();
        let label = builder.label();
        builder.call(label);
    });
    assert_eq!(unbound, BuildError::UnboundLabel { opcode: OpCode::CALL, label: 1 });
    assert_eq!(unbound.to_string(), "CALL refers to label 1, which is not bound");
    let twice = failed(|builder| {
        let label = builder.label();
        builder.bind(label).bind(label);
    });
    assert_eq!(twice, BuildError::BoundTwice { label: 0 });
    for opcode in [OpCode::ADD, OpCode::TRY, OpCode::SYSCALL] {
        let error = failed(|builder| {
            let label = builder.label();
            builder.bind(label).jump(opcode, label);
        });
        assert_eq!(error, BuildError::NotAJump { opcode });
    }
    let mut builder = ScriptBuilder::new();
    builder.label();
    assert!(builder.build().is_ok(), "a label that nothing names need not be bound");
}

#[test]
fn the_first_error_is_told() {
    let error = failed(|builder| {
        builder.op(OpCode::LDLOC).op_with(OpCode::ADD, &[1]).push(1);
    });
    assert_eq!(error, BuildError::OperandSize { opcode: OpCode::LDLOC, kind: OperandKind::Slot, size: 0 });
    let error = failed(|builder| {
        builder.push(StackItem::Interop(Interop::new(()))).op(OpCode::LDLOC);
    });
    assert_eq!(error, BuildError::Unpushable { item_type: ItemType::InteropInterface });
}

#[test]
fn a_script_can_be_too_long() {
    let most = vec![0x21; ScriptBuilder::MAX_LENGTH];
    assert_eq!(ScriptBuilder::new().raw(&most).build().unwrap().len(), most.len());
    assert_eq!(
        failed(|builder| {
            builder.raw(&most).op(OpCode::RET);
        }),
        BuildError::TooLong
    );
    let jumped = failed(|builder| {
        let label = builder.label();
        builder.raw(&most).bind(label).jump(OpCode::JMP, label);
    });
    assert_eq!(jumped, BuildError::TooLong);
}

#[test]
fn system_calls_are_hashes_of_names() {
    let script = ScriptBuilder::new().syscall("System.Runtime.Log").syscall_id(0x01020304).build().unwrap();
    assert_eq!(script.bytes(), [0x41, 0xcf, 0xe7, 0x47, 0x96, 0x41, 4, 3, 2, 1]);
}
