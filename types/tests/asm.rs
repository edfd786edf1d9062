//! Disassembly, assembly, and that the one undoes the other.

use neovm_types::{
    AsmError, OpCode, Script, ScriptBuilder, assemble, disassemble, disassemble_with, opcode::OperandKind,
};
use proptest::prelude::*;

fn text(bytes: &[u8]) -> String {
    disassemble(&Script::from(bytes)).to_string()
}

/// The text of a script's only line, without its offset.
fn line(bytes: &[u8]) -> String {
    let text = text(bytes);
    let line = text.trim().split_once("  ").unwrap().1;
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn bytes(text: &str) -> Vec<u8> {
    assemble(text).unwrap().bytes().to_vec()
}

fn error(text: &str) -> (usize, usize, String) {
    let AsmError { line, column, what } = assemble(text).expect_err(text);
    (line, column, what)
}

#[test]
fn a_script_is_shown_line_by_line() {
    let mut builder = ScriptBuilder::new();
    let (start, catch) = (builder.label(), builder.label());
    builder.bind(start).op_with(OpCode::INITSLOT, &[1, 2]).push("hi").try_block(Some(catch), None);
    builder.bind(catch).syscall("System.Runtime.Log").jump(OpCode::JMP, start).raw(&[0x06]);
    let script = builder.build().unwrap();
    let listing = disassemble_with(&script, &[(0, "main"), (0, "also\nmain"), (7, "log"), (8, "nowhere")]);
    let expected = r#"; method main
; method also\nmain
L0000:
     0  INITSLOT     1, 2
     3  PUSHDATA1    "hi"
; method log
     7  TRY          L0010, -
L0010:
    10  SYSCALL      System.Runtime.Log
    15  JMP          L0000
    17  .byte        0x06  ; not an opcode
"#;
    assert_eq!(listing.to_string(), expected);
    assert_eq!(bytes(expected), script.bytes());
    let line = &listing.lines[2];
    assert_eq!((line.offset, line.bytes, line.mnemonic), (7, &script.bytes()[7..10], "TRY"));
    assert_eq!((line.operand.as_str(), &line.label, &line.comment), ("L0010, -", &None, &None));
    assert_eq!(listing.lines[3].label.as_deref(), Some("L0010"));
    assert_eq!(listing.lines.iter().map(|line| line.bytes.len()).sum::<usize>(), script.len());
}

#[test]
fn operands_are_shown_as_what_they_are() {
    let cases: [(&[u8], &str); 25] = [
        (&[0x00, 0x80], "PUSHINT8 -128"),
        (&[0x03, 1, 0, 0, 0, 0, 0, 0, 0], "PUSHINT64 1"),
        (&[0x0c, 0], "PUSHDATA1 \"\""),
        (&[0x0c, 4, b'a', b'"', b'\\', b'\n'], r#"PUSHDATA1 "a\"\\\n""#),
        (&[0x0c, 2, 0xc3, 0xa4], "PUSHDATA1 \"ä\""),
        (&[0x0c, 2, b';', b'\''], "PUSHDATA1 \";'\""),
        (&[0x0c, 1, 0], "PUSHDATA1 0x00"),
        (&[0x0c, 3, 0xe2, 0x80, 0xae], "PUSHDATA1 0xe280ae"),
        (&[0x0d, 1, 0, 0xff], "PUSHDATA2 0xff"),
        (&[0x0e, 1, 0, 0, 0, b'a'], "PUSHDATA4 \"a\""),
        (&[0x22, 5], "JMP +5 ; no instruction at 5"),
        (&[0x22, 0xfd], "JMP -3 ; no instruction at -3"),
        (&[0x22, 1], "JMP +1 ; no instruction at 1"),
        (&[0x3b, 0, 0], "TRY -, -"),
        (&[0x3c, 0, 0, 0, 0, 2, 0, 0, 0], "TRY_L -, +2 ; no instruction at 2"),
        (&[0x3b, 1, 0x80], "TRY +1, -128 ; no instruction at 1, -128"),
        (&[0x6f, 200], "LDLOC 200"),
        (&[0x56, 0], "INITSSLOT 0"),
        (&[0xdb, 0x28], "CONVERT ByteString"),
        (&[0xdb, 0x29], "CONVERT 0x29"),
        (&[0x37, 0x34, 0x12], "CALLT 4660"),
        (&[0x41, 0x62, 0x7d, 0x5b, 0x52], "SYSCALL System.Contract.Call"),
        (&[0x41, 1, 2, 3, 4], "SYSCALL 0x01020304"),
        (&[0x0d, 5], ".byte 0x0d ; PUSHDATA2, cut off 1 .byte 0x05 ; PUSHINT256, cut off"),
        (&[0xff], ".byte 0xff ; not an opcode"),
    ];
    for (bytes, shown) in cases {
        assert_eq!(line(bytes), shown);
        assert_eq!(assemble(&text(bytes)).unwrap().bytes(), bytes, "{shown}");
    }
    let mut hash = vec![0x0c, 20];
    hash.extend(1..=20);
    let shown = "; 0x14131211100f0e0d0c0b0a090807060504030201";
    assert!(line(&hash).ends_with(shown), "a script hash is shown as tools show it");
}

#[test]
fn a_place_in_an_operand_gets_no_label() {
    // JMP into the operand of the PUSHINT16 behind it.
    assert_eq!(
        text(&[0x22, 3, 0x01, 0x21, 0x21]),
        "     0  JMP          +3  ; no instruction at 3\n     2  PUSHINT16    8481\n"
    );
    // What follows a byte that is no instruction can be one.
    assert!(text(&[0x22, 3, 0xff, 0x40]).contains("L0003:\n     3  RET\n"));
    // A byte that is none cannot be named.
    assert!(text(&[0x22, 2, 0xff]).contains("+2"));
}

#[test]
fn text_may_be_written_freely() {
    let loops = "
        # counts down
        start: loop.1:   PUSH1;with a comment
          DEC#; DEC
        12 JMPIF start   # the offset is ignored
        JMP_L loop.1
        end:
    ";
    assert_eq!(bytes(loops), [0x11, 0x9d, 0x24, 0xfe, 0x23, 0xfc, 0xff, 0xff, 0xff]);
    assert_eq!(bytes("TRY -,done\ndone: ENDTRY +2"), [0x3b, 0, 3, 0x3d, 2]);
    assert_eq!(bytes(".byte 0x00,0xFF , 0x10\r\nNOP"), [0, 0xff, 0x10, 0x21]);
    assert_eq!(bytes("PUSHA end\nend: TRY_L end,-"), [0x0a, 5, 0, 0, 0, 0x3c, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes(r#"PUSHDATA1 "a;#\t\r," ; ""#), [0x0c, 6, b'a', b';', b'#', b'\t', b'\r', b',']);
    assert_eq!(bytes("PUSHDATA1 0xAbcD\nISTYPE 0x21\nISTYPE Any"), [0x0c, 2, 0xab, 0xcd, 0xd9, 0x21, 0xd9, 0]);
    assert_eq!(bytes("5"), [] as [u8; 0]);
    assert_eq!(bytes(""), [] as [u8; 0]);
    let min = "PUSHINT256 -57896044618658097711785492504343953926634992332820282019728792003956564819968";
    assert_eq!(bytes(min)[1..], [[0; 31].as_slice(), &[0x80]].concat());
}

#[test]
fn errors_tell_line_and_column() {
    let cases = [
        ("NOP\n  BOGUS", 2, 3, "unknown instruction BOGUS"),
        ("nop", 1, 1, "unknown instruction nop"),
        ("\"x\"", 1, 1, "\"x\" where an instruction should be"),
        ("NOP 5", 1, 5, "5 after the end of the instruction"),
        ("PUSHINT8 128", 1, 10, "128 does not fit 1 byte"),
        ("PUSHINT8 x", 1, 10, "x is not an integer"),
        ("PUSHINT8", 1, 9, "an integer is missing"),
        ("PUSHINT8 1, 2", 1, 11, "a comma after the end of the instruction"),
        ("PUSHDATA1 \"ä\\x\"", 1, 13, "unknown escape"),
        ("PUSHDATA1 \"abc", 1, 11, "the closing quote is missing"),
        ("PUSHDATA1 abc", 1, 11, "abc where a text in quotes or 0x and hexadecimal digits should be"),
        ("PUSHDATA1 0x1", 1, 11, "0x1 where a text in quotes"),
        ("A\0B", 1, 1, "unknown instruction A\\0B"),
        ("JMP nowhere", 1, 5, "there is no label nowhere"),
        ("JMP +128", 1, 5, "offset +128 does not fit 1 byte; the form of the instruction with _L has four"),
        ("JMP_L -2147483649", 1, 7, "offset -2147483649 does not fit 4 bytes"),
        ("JMP -", 1, 5, "- is not an offset"),
        ("JMP +x", 1, 5, "+x is not an offset"),
        ("TRY a", 1, 6, "a comma and a label or an offset are missing"),
        ("TRY - -", 1, 7, "- where a comma should be"),
        ("INITSLOT 1, 256", 1, 13, "256 is not a number of arguments from 0 to 255"),
        ("LDLOC -1", 1, 7, "-1 is not a slot from 0 to 255"),
        ("CALLT 65536", 1, 7, "65536 is not a method token from 0 to 65535"),
        ("CONVERT Int", 1, 9, "Int is not an item type"),
        ("SYSCALL System.No", 1, 9, "System.No is not a known system call"),
        ("SYSCALL 0x0102", 1, 9, "0x0102 is not a known system call"),
        (".byte", 1, 6, "a byte is missing"),
        (".byte 0x100", 1, 7, "0x100 is not a byte"),
        (".byte 0x10,", 1, 12, "a byte is missing"),
        ("a:\na: NOP", 2, 1, "label a is defined twice"),
        ("1a: NOP", 1, 1, "\"1a\" is not a label"),
        (": NOP", 1, 1, "\"\" is not a label"),
    ];
    for (text, line, column, what) in cases {
        let found = error(text);
        assert!((found.0, found.1) == (line, column) && found.2.starts_with(what), "{text:?}: {found:?}");
    }
    let far = format!("JMP end\n{}end:", "NOP\n".repeat(126));
    assert_eq!(error(&far).0, 1);
    assert!(error(&far).2.starts_with("offset +128 does not fit"));
    assert_eq!(assemble("x y").unwrap_err().to_string(), "line 1, column 1: unknown instruction x");
}

/// An instruction that looks as a compiler's: short offsets, small lengths.
fn instruction() -> impl Strategy<Value = Vec<u8>> {
    let operand = prop::collection::vec(any::<u8>(), 32);
    let near = prop::collection::vec(-20i8..20, 2);
    (prop::sample::select(OpCode::ALL), operand, near, 0u8..40).prop_map(|(opcode, operand, near, length)| {
        let mut bytes = vec![opcode as u8];
        match opcode.operand() {
            OperandKind::Data(prefix) => {
                bytes.extend(&u32::from(length).to_le_bytes()[..usize::from(prefix)]);
                // Some are text.
                bytes.extend((0..length).map(|i| operand[usize::from(i) % 32] >> (length % 2)));
            }
            OperandKind::Jump32 | OperandKind::Address => bytes.extend(i32::from(near[0]).to_le_bytes()),
            OperandKind::Jump8 | OperandKind::Try8 => {
                bytes.extend(near.iter().take(opcode.operand().fixed_size()).map(|&offset| offset as u8));
            }
            kind => bytes.extend(&operand[..kind.fixed_size()]),
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_bytes_come_back_from_their_text(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let script = Script::from(bytes);
        prop_assert_eq!(assemble(&disassemble(&script).to_string()), Ok(script));
    }

    #[test]
    fn scripts_come_back_from_their_text(parts in prop::collection::vec(instruction(), 0..60), cut in 0usize..4) {
        let mut bytes = parts.concat();
        bytes.truncate(bytes.len().saturating_sub(cut));
        let script = Script::from(bytes);
        let text = disassemble(&script).to_string();
        let again = assemble(&text);
        prop_assert!(again.as_ref() == Ok(&script), "{}\n{:?}", text, again);
    }

    #[test]
    fn any_text_is_a_script_or_an_error(text in "([A-Z]{2,8}|[a-z]{1,2}:|[-+0-9x]{1,4}|[\"\\\\,;#ä \n]){0,12}") {
        if let Err(error) = assemble(&text) {
            prop_assert!(error.line >= 1 && error.line <= text.lines().count());
            let line = text.lines().nth(error.line - 1).unwrap_or_default();
            prop_assert!(error.column >= 1 && error.column <= line.chars().count() + 1);
        }
    }
}
