//! The opcodes that are measured, and their operands.

use neovm::{Integer, Script, StackItem, types::assemble};

/// A system call that does nothing.
pub(crate) const HOST: &str = r#"{"syscalls":{"System.Runtime.GetTime":{"pops":0}}}"#;

/// Sizes of byte strings and buffers, and of arrays, structs and maps.
const BYTES: [usize; 4] = [1, 32, 1024, 65535];
const ITEMS: [usize; 4] = [1, 16, 255, 1023];

/// An opcode with its operands.
pub(crate) struct Case {
    pub(crate) name: String,
    /// The items that are pushed before the opcode, the last one on top.
    pub(crate) operands: Vec<StackItem>,
    pub(crate) op: Script,
    /// The number of items that replace the operands.
    pub(crate) results: usize,
}

impl Case {
    /// Creates a case from an opcode in assembly. Some opcodes need other instructions around them.
    pub(crate) fn new(name: impl Into<String>, operands: Vec<StackItem>, op: &str, results: usize) -> Self {
        let op = assemble(op).unwrap_or_else(|error| panic!("{op}: {error}"));
        Self { name: name.into(), operands, op, results }
    }
}

/// Returns all cases.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    push(&mut cases);
    control(&mut cases);
    stack(&mut cases);
    slots(&mut cases);
    numeric(&mut cases);
    equality(&mut cases);
    splice(&mut cases);
    types(&mut cases);
    for size in ITEMS {
        arrays(&mut cases, size);
        structs(&mut cases, size);
        maps(&mut cases, size);
    }
    cases
}

fn small(value: usize) -> StackItem {
    (value as i64).into()
}

fn integer(text: &str) -> StackItem {
    text.parse::<Integer>().expect("an integer").into()
}

fn bytes(size: usize) -> StackItem {
    vec![b'n'; size].as_slice().into()
}

fn buffer(size: usize) -> StackItem {
    StackItem::buffer(&vec![b'n'; size])
}

fn array(size: usize) -> StackItem {
    StackItem::array((0..size).map(small).collect::<Vec<_>>())
}

fn structure(size: usize) -> StackItem {
    StackItem::structure((0..size).map(small).collect::<Vec<_>>())
}

fn map(size: usize) -> StackItem {
    let item = StackItem::map();
    if let StackItem::Map(map) = &item {
        for key in 0..size {
            map.insert(small(key), small(key)).expect("an integer is a key");
        }
    }
    item
}

fn push(cases: &mut Vec<Case>) {
    let ops = [
        "PUSHINT8 5",
        "PUSHINT16 500",
        "PUSHINT32 70000",
        "PUSHINT64 5000000000",
        "PUSHINT128 5",
        "PUSHINT256 5",
        "PUSHT",
        "PUSHF",
        "PUSHA +0",
        "PUSHNULL",
        "PUSHM1",
        "PUSH0",
        "PUSH16",
    ];
    for op in ops {
        cases.push(Case::new(op, vec![], op, 1));
    }
    let wide = "PUSHINT256 28948022309329048855892746252171976963317496166410141009864396001978282409984";
    cases.push(Case::new("PUSHINT256 2^254", vec![], wide, 1));
    for (opcode, size) in [("PUSHDATA1", 1), ("PUSHDATA1", 32), ("PUSHDATA2", 1024), ("PUSHDATA4", 65535)] {
        let op = format!("{opcode} 0x{}", "6e".repeat(size));
        cases.push(Case::new(format!("{opcode} {size} bytes"), vec![], &op, 1));
    }
}

fn control(cases: &mut Vec<Case>) {
    let one = || small(1);
    cases.push(Case::new("NOP", vec![], "NOP", 0));
    cases.push(Case::new("JMP", vec![], "JMP +2", 0));
    cases.push(Case::new("JMP_L", vec![], "JMP_L +5", 0));
    for op in ["JMPIF", "JMPIFNOT"] {
        cases.push(Case::new(op, vec![one()], &format!("{op} +2"), 0));
    }
    for op in ["JMPEQ", "JMPNE", "JMPGT", "JMPGE", "JMPLT", "JMPLE"] {
        cases.push(Case::new(op, vec![one(), one()], &format!("{op} +2"), 0));
    }
    let call = "CALL method\nJMP end\nmethod: RET\nend:";
    cases.push(Case::new("CALL RET JMP", vec![], call, 0));
    let call = "PUSHA method\nCALLA\nJMP end\nmethod: RET\nend:";
    cases.push(Case::new("PUSHA CALLA RET JMP", vec![], call, 0));
    let call = "CALL method\nJMP end\nmethod: INITSLOT 2, 1\nRET\nend:";
    cases.push(Case::new("CALL INITSLOT RET JMP", vec![one()], call, 0));
    cases.push(Case::new("SYSCALL", vec![], "SYSCALL System.Runtime.GetTime", 0));
    cases.push(Case::new("ASSERT", vec![one()], "ASSERT", 0));
    cases.push(Case::new("ASSERTMSG", vec![one(), bytes(32)], "ASSERTMSG", 0));
    let catch = "TRY catch, -\nENDTRY end\ncatch: NOP\nend:";
    cases.push(Case::new("TRY ENDTRY", vec![], catch, 0));
    let finally = "TRY -, finally\nENDTRY end\nfinally: ENDFINALLY\nend:";
    cases.push(Case::new("TRY ENDTRY ENDFINALLY", vec![], finally, 0));
    let throw = "TRY catch, -\nPUSH1\nTHROW\ncatch: DROP\nENDTRY end\nend:";
    cases.push(Case::new("TRY PUSH1 THROW DROP ENDTRY", vec![], throw, 0));
}

fn stack(cases: &mut Vec<Case>) {
    let ops = [
        ("DEPTH", 0, 1),
        ("DROP", 1, 0),
        ("NIP", 2, 1),
        ("CLEAR", 2, 0),
        ("DUP", 1, 2),
        ("OVER", 2, 3),
        ("TUCK", 2, 3),
        ("SWAP", 2, 2),
        ("ROT", 3, 3),
        ("REVERSE3", 3, 3),
        ("REVERSE4", 4, 4),
    ];
    for (op, operands, results) in ops {
        cases.push(Case::new(op, (1..=operands).map(small).collect(), op, results));
    }
    let at_two = || [5, 6, 7, 2].map(small).to_vec();
    for (op, results) in [("PICK", 4), ("ROLL", 3), ("XDROP", 2)] {
        cases.push(Case::new(format!("{op} 2"), at_two(), op, results));
    }
    for size in ITEMS {
        let name = format!("UNPACK REVERSEN CLEAR, {size} items");
        cases.push(Case::new(name, vec![array(size)], "UNPACK\nREVERSEN\nCLEAR", 0));
    }
    cases.push(Case::new("DUP, Array", vec![array(16)], "DUP", 2));
}

fn slots(cases: &mut Vec<Case>) {
    cases.push(Case::new("LDSFLD0", vec![small(1)], "LDSFLD0", 2));
    cases.push(Case::new("STSFLD0", vec![small(1)], "STSFLD0", 0));
    cases.push(Case::new("LDLOC1", vec![small(1)], "LDLOC1", 2));
    cases.push(Case::new("LDLOC 1", vec![small(1)], "LDLOC 1", 2));
    cases.push(Case::new("STLOC1", vec![small(1)], "STLOC1", 0));
    cases.push(Case::new("STLOC1, Array", vec![array(16)], "STLOC1", 0));
}

/// Returns a small, a 64-bit and a 256-bit integer, each with a smaller integer whose square does not
/// exceed 256 bits.
fn integers() -> [(&'static str, StackItem, StackItem); 3] {
    [
        ("small", small(12345), small(67)),
        ("64 bits", integer("4611686018427400249"), integer("2305843009213693957")),
        (
            "256 bits",
            integer("1809251394333065553493296640760748560207343510400633813116524750123642650624"),
            integer("85070591730234615865843651857942052871"),
        ),
    ]
}

fn numeric(cases: &mut Vec<Case>) {
    let unary = ["INVERT", "SIGN", "ABS", "NEGATE", "INC", "DEC", "SQRT", "NZ", "NOT"];
    let binary = [
        "AND",
        "OR",
        "XOR",
        "ADD",
        "SUB",
        "DIV",
        "MOD",
        "BOOLAND",
        "BOOLOR",
        "NUMEQUAL",
        "NUMNOTEQUAL",
        "LT",
        "LE",
        "GT",
        "GE",
        "MIN",
        "MAX",
    ];
    for (kind, large, less) in integers() {
        let mut add = |op: &str, operands: &[&StackItem]| {
            let operands = operands.iter().map(|&operand| operand.clone()).collect();
            cases.push(Case::new(format!("{op}, {kind}"), operands, op, 1));
        };
        unary.iter().for_each(|op| add(op, &[&large]));
        binary.iter().for_each(|op| add(op, &[&large, &less]));
        add("MUL", &[&less, &less]);
        add("POW", &[&less, &small(2)]);
        add("SHL", &[&less, &small(8)]);
        add("SHR", &[&large, &small(8)]);
        add("MODMUL", &[&less, &less, &large]);
        add("MODPOW", &[&less, &less, &large]);
        add("WITHIN", &[&less, &small(0), &large]);
    }
}

fn equality(cases: &mut Vec<Case>) {
    for op in ["EQUAL", "NOTEQUAL"] {
        for (kind, large, less) in integers() {
            cases.push(Case::new(format!("{op}, {kind}"), vec![large, less], op, 1));
        }
    }
    for size in BYTES {
        cases.push(Case::new(format!("EQUAL, {size} bytes"), vec![bytes(size), bytes(size)], "EQUAL", 1));
    }
    for size in ITEMS {
        let operands = vec![structure(size), structure(size)];
        cases.push(Case::new(format!("EQUAL, Struct of {size}"), operands, "EQUAL", 1));
    }
}

fn splice(cases: &mut Vec<Case>) {
    for size in BYTES {
        let mut add = |op: &str, operands: Vec<StackItem>, results: usize| {
            cases.push(Case::new(format!("{op}, {size} bytes"), operands, op, results));
        };
        add("NEWBUFFER", vec![small(size)], 1);
        add("MEMCPY", vec![buffer(size), small(0), bytes(size), small(0), small(size)], 0);
        add("CAT", vec![bytes(size), bytes(size)], 1);
        add("SUBSTR", vec![bytes(size), small(0), small(size)], 1);
        add("LEFT", vec![bytes(size), small(size)], 1);
        add("RIGHT", vec![bytes(size), small(size)], 1);
        add("SIZE", vec![bytes(size)], 1);
        add("PICKITEM", vec![bytes(size), small(size / 2)], 1);
        add("SETITEM", vec![buffer(size), small(size / 2), small(1)], 0);
        add("REVERSEITEMS", vec![buffer(size)], 0);
    }
}

fn types(cases: &mut Vec<Case>) {
    cases.push(Case::new("ISNULL", vec![small(1)], "ISNULL", 1));
    cases.push(Case::new("ISTYPE Integer", vec![small(1)], "ISTYPE Integer", 1));
    for (kind, large, _) in integers() {
        let to_bytes = "CONVERT ByteString";
        cases.push(Case::new(format!("{to_bytes}, {kind}"), vec![large], to_bytes, 1));
    }
    for size in [1, 8, 32] {
        let name = format!("CONVERT Integer, {size} bytes");
        cases.push(Case::new(name, vec![bytes(size)], "CONVERT Integer", 1));
    }
    for size in BYTES {
        cases.push(Case::new(format!("CONVERT Buffer, {size} bytes"), vec![bytes(size)], "CONVERT Buffer", 1));
    }
    for op in ["NEWARRAY0", "NEWSTRUCT0", "NEWMAP"] {
        cases.push(Case::new(op, vec![], op, 1));
    }
}

fn arrays(cases: &mut Vec<Case>, size: usize) {
    let mut add = |name: &str, operands: Vec<StackItem>, op: &str, results: usize| {
        cases.push(Case::new(format!("{name}, Array of {size}"), operands, op, results));
    };
    for op in ["NEWARRAY", "NEWARRAY_T Integer"] {
        add(op, vec![small(size)], op, 1);
    }
    for (op, results) in [("SIZE", 1), ("VALUES", 1), ("REVERSEITEMS", 0), ("CONVERT Struct", 1)] {
        add(op, vec![array(size)], op, results);
    }
    for op in ["PICKITEM", "HASKEY"] {
        add(op, vec![array(size), small(size / 2)], op, 1);
    }
    add("SETITEM", vec![array(size), small(size / 2), small(1)], "SETITEM", 0);
    add("UNPACK CLEAR", vec![array(size)], "UNPACK\nCLEAR", 0);
    add("UNPACK PACK", vec![array(size)], "UNPACK\nPACK", 1);
    add("VALUES CLEARITEMS", vec![array(size)], "VALUES\nCLEARITEMS", 0);
    add("DUP PUSH1 APPEND POPITEM", vec![array(size)], "DUP\nPUSH1\nAPPEND\nPOPITEM", 1);
    let remove = "DUP\nDUP\nPUSH1\nAPPEND\nPUSH0\nREMOVE";
    add("DUP DUP PUSH1 APPEND PUSH0 REMOVE", vec![array(size)], remove, 1);
}

fn structs(cases: &mut Vec<Case>, size: usize) {
    let mut add = |name: &str, operands: Vec<StackItem>, op: &str| {
        cases.push(Case::new(format!("{name}, Struct of {size}"), operands, op, 1));
    };
    add("NEWSTRUCT", vec![small(size)], "NEWSTRUCT");
    add("UNPACK PACKSTRUCT", vec![structure(size)], "UNPACK\nPACKSTRUCT");
    // APPEND appends a copy of the struct.
    let append = "OVER\nSWAP\nAPPEND\nPOPITEM";
    add("OVER SWAP APPEND POPITEM", vec![array(0), structure(size)], append);
}

fn maps(cases: &mut Vec<Case>, size: usize) {
    let mut add = |name: &str, operands: Vec<StackItem>, op: &str, results: usize| {
        cases.push(Case::new(format!("{name}, Map of {size}"), operands, op, results));
    };
    for op in ["SIZE", "KEYS", "VALUES"] {
        add(op, vec![map(size)], op, 1);
    }
    for op in ["PICKITEM", "HASKEY"] {
        add(op, vec![map(size), small(size / 2)], op, 1);
    }
    add("SETITEM", vec![map(size), small(size / 2), small(1)], "SETITEM", 0);
    add("UNPACK PACKMAP", vec![map(size)], "UNPACK\nPACKMAP", 1);
    let remove = "DUP\nPUSHM1\nPUSH1\nSETITEM\nPUSHM1\nREMOVE";
    add("DUP PUSHM1 PUSH1 SETITEM PUSHM1 REMOVE", vec![map(size)], remove, 0);
}
