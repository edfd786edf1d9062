//! Decoding and strict validation of scripts; hashes.

use neovm_types::{FaultKind, Hash160, Instruction, OpCode, Script, opcode::OperandKind};

fn decode(bytes: &[u8]) -> Result<Instruction<'_>, FaultKind> {
    Instruction::decode(bytes, 0)
}

#[test]
fn operands_are_of_their_size() {
    for &opcode in OpCode::ALL {
        let kind = opcode.operand();
        let (prefix, size) = (kind.prefix_size(), kind.fixed_size());
        let mut bytes = vec![opcode as u8];
        match kind {
            OperandKind::Data(_) => bytes.extend(&[&2u32.to_le_bytes()[..prefix], &[7, 8]].concat()),
            _ => bytes.extend((1..=size as u8).collect::<Vec<_>>()),
        }
        let instruction = decode(&bytes).unwrap();
        assert_eq!(instruction.opcode, opcode);
        assert_eq!(instruction.operand, &bytes[1 + prefix..]);
        assert_eq!(instruction.size(), bytes.len());
        bytes.pop();
        assert!(bytes.is_empty() || decode(&bytes).is_err(), "{opcode}");
    }
}

#[test]
fn what_is_no_instruction_faults_as_in_the_reference() {
    assert_eq!(decode(&[]), Err(FaultKind::BadScript));
    assert_eq!(decode(&[0x06]), Err(FaultKind::BadScript));
    assert_eq!(Instruction::decode(&[0x21], 1), Err(FaultKind::BadScript));
    let text = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
    assert_eq!(text(&[0x06]), "Exception of type 'Neo.VM.BadScriptException' was thrown.");
    assert_eq!(
        text(&[0x01, 5]),
        "Instrucion out of bounds. InstructionPointer: 1, operandSize: 2, length: 2",
        "the reference's spelling"
    );
    assert_eq!(text(&[0x0d, 1]), "Instruction out of bounds. InstructionPointer: 1");
    assert_eq!(text(&[0x0c, 3, 1, 2]), "Instrucion out of bounds. InstructionPointer: 2, operandSize: 3, length: 4");
    assert_eq!(
        text(&[0x0e, 0, 0, 0, 0x80]),
        "Instruction out of bounds. InstructionPointer: 1, operandSize: -2147483648"
    );
    assert_eq!(decode(&[0x0e, 0xff, 0xff, 0xff, 0x7f]), Err(FaultKind::OperandOverflow));
    // Two-byte lengths have no sign.
    let fault = FaultKind::OperandOutOfBounds { position: 3, size: 0xffff, length: 3 };
    assert_eq!(decode(&[0x0d, 0xff, 0xff]), Err(fault));
}

#[test]
fn offsets_and_integers_have_signs() {
    let offsets = |bytes: &[u8]| decode(bytes).unwrap().offsets();
    assert_eq!(offsets(&[0x22, 0xfe]), (Some(-2), None));
    assert_eq!(offsets(&[0x23, 0, 0, 0, 0x80]), (Some(i32::MIN), None));
    assert_eq!(offsets(&[0x0a, 5, 0, 0, 0]), (Some(5), None));
    assert_eq!(offsets(&[0x3b, 0x80, 0x7f]), (Some(-128), Some(127)));
    assert_eq!(offsets(&[0x3c, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), (Some(1), Some(-1)));
    assert_eq!(offsets(&[0x00, 5]), (None, None));
    assert_eq!(decode(&[0x00, 0x80]).unwrap().int(), -128);
    assert_eq!(decode(&[0x03, 0, 0, 0, 0, 0, 0, 0, 0x80]).unwrap().int(), i64::MIN);
}

#[test]
fn instructions_come_up_to_the_first_that_is_none() {
    let script = Script::from([0x11, 0x0c, 1, 5, 0x06, 0x11].as_slice());
    let parts: Vec<_> = script.instructions().map(|(at, part)| (at, part.map(|part| part.opcode))).collect();
    assert_eq!(parts, [(0, Ok(OpCode::PUSH1)), (1, Ok(OpCode::PUSHDATA1)), (4, Err(FaultKind::BadScript))]);
    assert_eq!(Script::from(vec![]).instructions().count(), 0);
}

fn validate(bytes: &[u8]) -> Result<(), (usize, String)> {
    Script::from(bytes).validate().map_err(|error| (error.position, error.to_string()))
}

#[test]
fn strict_validation_follows_offsets() {
    assert_eq!(validate(&[]), Ok(()));
    assert_eq!(validate(&[0x22, 0x02, 0x40]), Ok(()));
    assert_eq!(validate(&[0x21, 0x22, 0xff]), Ok(()));
    // To the end of the script, into an operand, before the script.
    let jump = |offset| validate(&[0x21, 0x22, offset, 0x00, 0x21]);
    let wrong = Err((1, "ip: 1, opcode: JMP".to_owned()));
    assert_eq!(jump(2), Ok(()));
    assert_eq!((jump(3), jump(4), jump(0xfe)), (wrong.clone(), wrong.clone(), wrong));
    for opcode in [0x0a, 0x23, 0x35, 0x3e] {
        assert_eq!(validate(&[opcode, 5, 0, 0, 0, 0x40]), Ok(()));
        assert!(validate(&[opcode, 4, 0, 0, 0, 0x40]).is_err());
    }
    for opcode in [0x34, 0x3d] {
        assert_eq!(validate(&[opcode, 2, 0x40]), Ok(()));
        assert!(validate(&[opcode, 1, 0x40]).is_err());
    }
    assert_eq!(validate(&[0x3b, 3, 0, 0x40]), Ok(()), "0 is the position of the TRY itself");
    assert_eq!(validate(&[0x3b, 0, 4, 0x40]), Err((0, "ip: 0, opcode: TRY".into())));
    let overflow = Err((1, "Arithmetic operation resulted in an overflow.".to_owned()));
    assert_eq!(validate(&[0x21, 0x23, 0xff, 0xff, 0xff, 0x7f]), overflow);
}

#[test]
fn strict_validation_checks_types_and_all_instructions() {
    for opcode in [0xc4, 0xd9, 0xdb] {
        assert_eq!(validate(&[opcode, 0x21]), Ok(()));
        assert_eq!(validate(&[opcode, 0x22]), Err((0, FaultKind::BadScript.to_string())));
        assert_eq!(validate(&[opcode, 0x00]).is_ok(), opcode == 0xc4, "only NEWARRAY_T takes Any");
    }
    assert_eq!(validate(&[0x40, 0x06]), Err((1, FaultKind::BadScript.to_string())), "behind RET too");
    assert_eq!(validate(&[0x40, 0x0c, 5]).unwrap_err().0, 1);
    // What cannot be decoded is told before what leads nowhere.
    assert_eq!(validate(&[0x22, 0x7f, 0xff]).unwrap_err().0, 2);
}

#[test]
fn hashes_are_shown_in_reverse() {
    let script = Script::from([0x40].as_slice());
    let hash = script.hash();
    let text = hash.to_string();
    // SHA-256, then RIPEMD-160, of the byte 40.
    assert_eq!(text, "0xdb050a1d9bc06da96e71fa21c126069573569d57");
    assert_eq!(text.parse(), Ok(hash));
    assert_eq!(text[2..].to_uppercase().parse(), Ok(hash));
    assert_eq!(format!("{hash:?} {script:?}"), format!("{text} 40"));
    for wrong in ["", "0x", &text[..41], &format!("{text}0"), &text.replace('0', "g"), &"ä".repeat(20)] {
        assert!(wrong.parse::<Hash160>().is_err(), "{wrong}");
    }
}
