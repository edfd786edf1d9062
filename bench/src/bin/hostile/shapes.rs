//! The parts of loops: initial items, and instructions that use them.

use neovm::{
    OpCode,
    types::opcode::{Family, OperandKind},
};

/// Items that make instructions expensive, each with a name and the code that pushes it.
pub(crate) const THINGS: [(&str, &str); 21] = [
    ("2", "PUSH2"),
    ("1000", "PUSHINT16 1000"),
    ("65535", "PUSHINT32 65535"),
    ("wide", "PUSHINT256 28948022309329048855892746252171976963317496166410141009864396001978282409983"),
    ("odd", "PUSHINT256 1809251394333065553493296640760748560207343510400633813116524750123642650623"),
    ("null", "PUSHNULL"),
    ("true", "PUSHT"),
    ("bytes32", "PUSHINT8 32\nNEWBUFFER\nCONVERT ByteString"),
    ("bytes64", "PUSHINT8 64\nNEWBUFFER\nCONVERT ByteString"),
    ("buffer", "PUSHINT32 131070\nNEWBUFFER"),
    ("string", "PUSHINT32 65535\nNEWBUFFER\nCONVERT ByteString"),
    ("array", "PUSHINT16 500\nNEWARRAY"),
    ("struct", "PUSHINT16 500\nNEWSTRUCT"),
    ("arrays", "PUSHINT16 300\nnext{}: NEWARRAY0\nSWAP\nDEC\nDUP\nJMPIF next{}\nDROP\nPUSHINT16 300\nPACK"),
    ("structs", "PUSHINT16 300\nnext{}: NEWSTRUCT0\nSWAP\nDEC\nDUP\nJMPIF next{}\nDROP\nPUSHINT16 300\nPACKSTRUCT"),
    ("shared", "NEWSTRUCT0\nPUSH9\nnext{}: SWAP\nDUP\nPUSH2\nPACKSTRUCT\nSWAP\nDEC\nDUP\nJMPIF next{}\nDROP"),
    (
        "many",
        "NEWSTRUCT0\nPUSH9\nnext{}: SWAP\nDUP\nPUSH2\nPACKSTRUCT\nSWAP\nDEC\nDUP\nJMPIF next{}\nDROP\n\
      PUSHINT16 400\nmore{}: OVER\nSWAP\nDEC\nDUP\nJMPIF more{}\nDROP\nPUSHINT16 401\nPACK",
    ),
    ("map", "PUSHINT16 300\nnext{}: DUP\nDUP\nDEC\nDUP\nJMPIF next{}\nDROP\nPUSHINT16 300\nPACKMAP"),
    (
        "map64",
        "PUSHINT16 300\nnext{}: DUP\nDUP\nPUSHINT8 64\nNEWBUFFER\nDUP\nPUSHINT8 62\nPUSH3\nPICK\nPUSH0\nPUSH2\nMEMCPY\n\
      CONVERT ByteString\nSWAP\nDEC\nDUP\nJMPIF next{}\nDROP\nPUSHINT16 300\nPACKMAP",
    ),
    // Completed by `Shape::text`, because the data is long.
    ("data", "PUSHDATA2 0x"),
    ("deep", "PUSHINT16 700\nNEWARRAY\nUNPACK"),
];

/// Returns the instructions, and some sequences that only work together. `{}` stands for a unique
/// number; `call` and `slots` are methods that `Shape::text` adds to each script.
pub(crate) fn instructions() -> Vec<String> {
    let mut all: Vec<String> = OpCode::ALL.iter().flat_map(|&opcode| forms(opcode)).collect();
    let together = [
        "PUSHA call\nCALLA",
        "CALL_L slots",
        "TRY caught{}, -\nENDTRY caught{}\ncaught{}: NOP",
        "TRY caught{}, -\nTHROW\ncaught{}: ENDTRY end{}\nend{}: NOP",
        "TRY -, finally{}\nENDTRY end{}\nfinally{}: ENDFINALLY\nend{}: NOP",
        "TRY caught{}, -\nPUSHINT16 5000\nPICKITEM\ncaught{}: DROP\nENDTRY end{}\nend{}: NOP",
        "DUP\nDUP\nAPPEND",
        "PUSHINT16 500\nmore{}: OVER\nSWAP\nDEC\nDUP\nJMPIF more{}\nDROP",
        "DEPTH\nPACK",
        "PUSHINT16 600\nROLL",
        "PUSHINT16 600\nREVERSEN",
    ];
    all.extend(together.map(String::from));
    all
}

/// Returns the forms of an opcode with operands to try. Opcodes that are numbered variants of others
/// and those that end a script have none.
fn forms(opcode: OpCode) -> Vec<String> {
    let name = opcode.info().mnemonic;
    let is_numbered = opcode.info().family == Family::Slot && name.ends_with(|last: char| ('1'..='9').contains(&last));
    let is_numbered = is_numbered || (OpCode::PUSH3..=OpCode::PUSH15).contains(&opcode);
    let with = |operand: &str| vec![format!("{name} {operand}")];
    match opcode {
        _ if is_numbered => vec![],
        OpCode::ABORT | OpCode::ABORTMSG | OpCode::RET | OpCode::ENDFINALLY | OpCode::INITSLOT | OpCode::INITSSLOT => {
            vec![]
        }
        OpCode::CALL | OpCode::CALL_L => with("call"),
        _ => match opcode.operand() {
            OperandKind::None => vec![name.into()],
            OperandKind::Int(1) => with("100"),
            OperandKind::Int(2) => with("1000"),
            OperandKind::Int(4) => with("65535"),
            OperandKind::Int(_) => with("4611686018427400249"),
            OperandKind::Data(_) => with(&format!("0x{}", "6e".repeat(40))),
            OperandKind::Jump8 if !name.starts_with("ENDTRY") => with("+2"),
            OperandKind::Jump32 if !name.starts_with("ENDTRY") => with("+5"),
            OperandKind::Address => with("+0"),
            OperandKind::Slot => with("0"),
            OperandKind::Type => {
                let types = ["Boolean", "Integer", "ByteString", "Buffer", "Array", "Struct", "Map"];
                types.iter().map(|item| format!("{name} {item}")).collect()
            }
            _ => vec![],
        },
    }
}

/// The size of the longest data in a script, in bytes.
const DATA: usize = 65_534;

/// The largest number of results that are removed by DROPs. More results are removed by CLEAR.
const MOST_DROPS: usize = 8;

/// A loop: initial items and a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    /// The indexes of the initial items in [`THINGS`].
    pub(crate) stack: Vec<usize>,
    /// Whether each iteration starts with the initial items, which are kept in local variables, and
    /// drops its results at the end. Otherwise it uses the items that the previous iteration left.
    pub(crate) is_fresh: bool,
    /// The indexes of the instructions in the body.
    pub(crate) body: Vec<usize>,
}

impl Shape {
    /// Returns a name that describes the shape.
    pub(crate) fn name(&self, instructions: &[String]) -> String {
        let stack: Vec<_> = self.stack.iter().map(|&thing| THINGS[thing].0).collect();
        let body: Vec<_> =
            self.body.iter().map(|&one| instructions[one].replace("{}", "").replace('\n', " ")).collect();
        let way = if self.is_fresh { "fresh" } else { "kept" };
        format!("{} ({way}): {}", stack.join(", "), body.join("; "))
    }

    /// Returns the assembly of a script that repeats the body endlessly and drops `drops` items in each
    /// iteration, or runs the body only once if `drops` is `None`.
    pub(crate) fn text(&self, instructions: &[String], drops: Option<usize>) -> String {
        let mut number = 0;
        let mut lines = vec![format!("INITSSLOT 1\nINITSLOT {}, 0", self.stack.len().max(1))];
        let mut add = |lines: &mut Vec<String>, text: &str| {
            number += 1;
            lines.push(text.replace("{}", &number.to_string()));
        };
        for (slot, &thing) in self.stack.iter().enumerate() {
            match THINGS[thing] {
                ("data", push) => lines.push(format!("{push}{}", "c3a4".repeat(DATA / 2))),
                (_, push) => add(&mut lines, push),
            }
            if self.is_fresh {
                lines.push(format!("STLOC {slot}"));
            }
        }
        lines.push("loop: NOP".into());
        if self.is_fresh {
            lines.extend((0..self.stack.len()).map(|slot| format!("LDLOC {slot}")));
        }
        for &one in &self.body {
            add(&mut lines, &instructions[one]);
        }
        match drops {
            Some(drops) => {
                match drops {
                    0..=MOST_DROPS => lines.extend((0..drops).map(|_| "DROP".into())),
                    _ => lines.push("CLEAR".into()),
                }
                lines.push("JMP_L loop".into());
            }
            None => lines.push("RET".into()),
        }
        lines.push("call: RET\nslots: INITSLOT 255, 0\nRET".into());
        lines.join("\n")
    }
}
