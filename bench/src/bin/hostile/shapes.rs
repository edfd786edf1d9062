//! What loops are made of: items to begin with, and instructions over them.

use neovm::{
    OpCode,
    types::opcode::{Family, OperandKind},
};

/// Items of a kind that makes instructions work: a name, and how to push one.
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
    // Filled in by `Shape::text`: too long to be written out.
    ("data", "PUSHDATA2 0x"),
    ("deep", "PUSHINT16 700\nNEWARRAY\nUNPACK"),
];

/// Instructions, and some that only work together. `{}` stands for a number of
/// their own; `call` and `slots` are methods that a script with them has.
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

/// An opcode with operands; the numbered forms of others are left out, and what
/// ends a script.
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

/// Bytes of the longest data in a script.
const DATA: usize = 65_534;

/// As many results a DROP each takes off, more of them a CLEAR.
const MOST_DROPS: usize = 8;

/// A loop: items to begin with, and what each turn does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    /// Numbers of things.
    pub(crate) stack: Vec<usize>,
    /// Whether they are put into local variables, and from there onto the stack in
    /// each turn, whose results are dropped at its end; else a turn works on what
    /// the last one left.
    pub(crate) is_fresh: bool,
    /// Numbers of instructions.
    pub(crate) body: Vec<usize>,
}

impl Shape {
    /// Its name.
    pub(crate) fn name(&self, instructions: &[String]) -> String {
        let stack: Vec<_> = self.stack.iter().map(|&thing| THINGS[thing].0).collect();
        let body: Vec<_> =
            self.body.iter().map(|&one| instructions[one].replace("{}", "").replace('\n', " ")).collect();
        let way = if self.is_fresh { "fresh" } else { "kept" };
        format!("{} ({way}): {}", stack.join(", "), body.join("; "))
    }

    /// The text of a script that turns for ever, dropping so many items each
    /// time, or only once.
    pub(crate) fn text(&self, instructions: &[String], drops: Option<usize>) -> String {
        let mut number = 0;
        let mut lines = vec![format!("INITSSLOT 1\nINITSLOT {}, 0", self.stack.len().max(1))];
        let mut add = |lines: &mut Vec<String>, text: &str| {
            number += 1;
            lines.push(text.replace("{}", &number.to_string()));
        };
        for (place, &thing) in self.stack.iter().enumerate() {
            match THINGS[thing] {
                ("data", push) => lines.push(format!("{push}{}", "c3a4".repeat(DATA / 2))),
                (_, push) => add(&mut lines, push),
            }
            if self.is_fresh {
                lines.push(format!("STLOC {place}"));
            }
        }
        lines.push("loop: NOP".into());
        if self.is_fresh {
            lines.extend((0..self.stack.len()).map(|place| format!("LDLOC {place}")));
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
