//! Scripts that make as much garbage, or hold as much memory, as they can.

/// Loop bodies that leave cycles behind which the consensus count does not see: name and assembly.
pub const CYCLES: [(&str, &str); 8] = [
    ("arrays that hold themselves", "NEWARRAY0\nDUP\nAPPEND"),
    ("structs and copies of what they hold", "NEWSTRUCT0\nDUP\nDUP\nAPPEND\nDROP"),
    ("wide arrays that hold themselves", "PUSHINT16 2000\nNEWARRAY\nDUP\nAPPEND"),
    ("arrays that hold each other", "NEWARRAY0\nDUP\nPUSH1\nPACK\nAPPEND"),
    ("cycles of five arrays", "NEWARRAY0\nDUP\nPUSH1\nPACK\nPUSH1\nPACK\nPUSH1\nPACK\nPUSH1\nPACK\nAPPEND"),
    ("maps that hold themselves", "NEWMAP\nDUP\nPUSH0\nSWAP\nSETITEM"),
    ("maps and arrays that hold each other", "NEWMAP\nPUSH0\nOVER\nPUSH1\nPACK\nSETITEM"),
    ("cycles with large buffers", "PUSHINT32 131070\nNEWBUFFER\nPUSH1\nPACK\nDUP\nAPPEND"),
];

/// Returns a script that repeats a loop body for ever.
pub fn endless(turn: &str) -> String {
    format!("next: {turn}\nJMP_L next")
}

/// Pushes a buffer of the largest size.
const BUFFER: &str = "PUSHINT32 131070\nNEWBUFFER";

/// Pushes 2,047 of the largest buffers. With one more buffer, or an array to pack them into, they
/// are as many items as there may be.
fn buffers(label: &str) -> String {
    format!("PUSHINT16 2046\n{label}: {BUFFER}\nSWAP\nDEC\nDUP\nJMPIF {label}\nDROP\n{BUFFER}")
}

/// Pushes an array that holds the same struct two thousand times. A clone of the struct has 2,046
/// items, although the struct counts as about twenty: each level holds the next one twice.
const SHARED: &str = "NEWSTRUCT0\nPUSH10\nshare: SWAP\nDUP\nPUSH2\nPACKSTRUCT\nSWAP\nDEC\nDUP\nJMPIF share\nDROP
    PUSHINT16 2000\nmore: OVER\nSWAP\nDEC\nDUP\nJMPIF more\nDROP\nDEPTH\nPACK";

/// Returns the scripts that hold the most memory of their kind: name and assembly. Each ends with a
/// fault, so that the memory is still in use.
pub fn largest() -> Vec<(&'static str, String)> {
    let buffers_twice = |end: &str| held_twice(&format!("{}\n{end}", buffers("second")));
    vec![
        ("buffers", format!("{}\n{BUFFER}\nABORT", buffers("first"))),
        ("buffers, and as many in a pending exception", buffers_twice(&format!("{BUFFER}\nABORT"))),
        (
            "buffers, as many in a pending exception, and a part of the last one",
            buffers_twice("PUSHINT32 131070\nLEFT\nABORT"),
        ),
        ("clones of a struct that is there many times", format!("{SHARED}\nVALUES\nABORT")),
        ("clones of such a struct beside a pending exception", held_twice(&format!("{SHARED}\nVALUES\nABORT"))),
    ]
}

/// Throws an array of buffers past a finally block that runs `then`.
fn held_twice(then: &str) -> String {
    format!("TRY_L -, finally\n{}\nDEPTH\nPACK\nTHROW\nfinally: {then}", buffers("first"))
}
