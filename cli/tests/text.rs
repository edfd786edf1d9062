//! `neovm disasm`, `neovm asm` and `neovm check`.

mod common;

use common::{contract, examples, file, neovm, neovm_with, raw};
use serde_json::{Value, json};

#[test]
fn listings_show_offsets_labels_and_methods() {
    let answer = neovm(&["disasm", "arith.nef"]);
    let lines: Vec<&str> = answer.ok().lines().collect();
    assert_eq!(lines[..3], ["; compiler neo3-boa by COZ-1.3.0", "; method fib", "     0  INITSLOT     4, 1"]);
    assert!(lines.contains(&"L0048:"));
    assert!(lines.contains(&"; method fib_rec"));
    // SYSCALL System.Runtime.CheckWitness, a cut PUSHDATA1
    let expected = "     0  SYSCALL      System.Runtime.CheckWitness
     5  .byte        0x0c  ; PUSHDATA1, cut off
     6  JMPIFNOT_L   +1  ; no instruction at 7
";
    let answer = neovm(&["disasm", "0x41f827ec8c0c2701000000"]);
    assert_eq!(answer.ok(), expected);
}

#[test]
fn listings_have_a_json_form() {
    let answer = neovm(&["disasm", "arith.nef", "--json"]);
    let lines: Value = serde_json::from_str(answer.ok()).expect("JSON");
    let first = json!({"offset": 0, "bytes": "570401", "mnemonic": "INITSLOT", "operand": "4, 1", "methods": ["fib"]});
    assert_eq!(lines[0], first);
}

#[test]
fn asm_is_the_inverse_of_disasm() {
    for name in ["arith.nef", "colls.nef"] {
        let bytes = std::fs::read(examples().join(name)).expect("the example");
        let script = neovm::types::NefFile::parse(&bytes).expect("a NEF file").script;
        let listing = neovm(&["disasm", name]).out;
        let output = raw(&["asm", "-"], listing.as_bytes());
        assert!(output.status.success());
        assert_eq!(output.stdout, script.bytes());
        let hex = neovm_with(&["asm", "-", "--hex"], listing.as_bytes()).out;
        assert_eq!(neovm(&["disasm", &format!("0x{}", hex.trim())]).out.lines().last(), listing.lines().last());
    }
}

#[test]
fn asm_writes_bytes_hexadecimal_and_base64() {
    let source = file("six.asm", b"PUSH2\nPUSH3\nMUL ; six\n");
    assert_eq!(neovm(&["asm", &source, "--hex"]).ok(), "1213a0\n");
    assert_eq!(neovm(&["asm", &source, "--base64"]).ok(), "EhOg\n");
    let out = file("six.out", b"");
    assert_eq!(neovm(&["asm", &source, "-o", &out]).ok(), "");
    assert_eq!(std::fs::read(&out).expect("the output"), [0x12, 0x13, 0xa0]);
}

/// A file is written as a whole or not at all.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_what_a_file_held() {
    let long = file("long.asm", "PUSH1 DROP\n".replace(' ', "\n").repeat(5000).as_bytes());
    let job = br#"{"format":"neovm-job-1","network":"private","genesis":true,
        "job":{"gas":100000000,"call":{"contract":"0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5","method":"symbol"}}}"#;
    let job = file("full.json", job);
    let (out, coverage) = (file("full.out", b""), file("full.coverage.html", b""));
    let calls: [(&str, Vec<&str>); 3] = [
        (&out, vec!["asm", &long, "--hex", "-o", &out]),
        (&job, vec!["job", "run", &job, "--write", &job]),
        (&coverage, vec!["coverage", "arith.nef", "--method", "fib", "3", "--html", &coverage]),
    ];
    for (path, args) in calls {
        let before = std::fs::read(path).expect("a file");
        let mut command = std::process::Command::new("sh");
        // In blocks of 512 bytes, or 1024. Beyond it a write fails if the signal is ignored.
        command.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_neovm")]);
        let output = command.args(&args).current_dir(examples()).output().expect("the program ends");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains("cannot write ") && output.status.code() == Some(1), "{args:?}: {error}");
        assert!(std::fs::read(path).expect("a file") == before, "{args:?}");
        neovm(&args);
        assert!(std::fs::read(path).expect("a file") != before, "{args:?}");
    }
    let folder = std::path::Path::new(&out).parent().expect("a folder");
    let names = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let left: Vec<_> = names
        .filter(|name| name.to_string_lossy().starts_with("full.") && name.to_string_lossy().contains(".new-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn asm_says_what_is_wrong_and_where() {
    let bad = [
        (
            "PUSH2\n  PUSH99 ; no such\n",
            "error: unknown instruction PUSH99\n --> standard input:2:3\n  |\n2 |   PUSH99 ; no such\n  |   ^^^^^^\n",
        ),
        ("JMP away\n", "there is no label away\n --> standard input:1:5\n"),
        // Nothing is written to a terminal that would be taken for its controls.
        ("PUSH99 \x1b[31m\n", "standard input: line 1, column 1: unknown instruction PUSH99"),
        ("PUSHINT8 300\n", "300 does not fit 1 byte"),
        ("PUSHDATA1 \"a\n", "the closing quote is missing"),
    ];
    for (source, message) in bad {
        neovm_with(&["asm", "-"], source.as_bytes()).fails(1, &[message]);
    }
    let long = neovm_with(&["asm", "-"], "x".repeat(200_000).as_bytes());
    long.fails(1, &["unknown instruction xxx", "xxx..."]);
    assert!(long.err.len() < 200, "{}", long.err.len());
    neovm_with(&["asm", "-"], b"\xff").fails(1, &["not UTF-8"]);
    neovm_with(&["asm", "-"], &vec![b','; (4 << 20) + 1]).fails(1, &["line 1 has more than"]);
    neovm(&["asm", "missing.asm"]).fails(1, &["missing.asm", "No such file"]);
    neovm(&["asm", "-", "-o", "/missing/out"]).fails(1, &["cannot write /missing/out"]);
    neovm(&["asm", "-", "--hex", "--base64"]).fails(2, &["cannot be used with"]);
}

#[test]
fn check_says_what_is_wrong_and_where() {
    let valid = "valid: NEF file, script of 393 bytes, 294 instructions\nvalid: manifest of \"arith\", 6 methods\n";
    assert_eq!(neovm(&["check", "arith.nef"]).ok(), valid);
    let jump = "error: 0x112203, byte 1: JMP leads to a place where no instruction starts (ip: 1, opcode: JMP)
  |
1 | JMP L0004
  | ^^^^^^^^^
";
    assert_eq!(neovm(&["check", "0x112203"]).err, jump);
    neovm(&["check", "0x112203"]).fails(1, &[]);
    neovm(&["check", "0x0cff"])
        .fails(1, &["0x0cff, byte 0: PUSHDATA1 is cut off", "\n0 | 0x0c (PUSHDATA1, cut off)\n"]);
    neovm(&["check", "0x11ff"]).fails(1, &["0x11ff, byte 1: 0xff is not an opcode"]);
    neovm(&["check", "0x0bd900"]).fails(1, &["0x0bd900, byte 1: ISTYPE cannot take the type 0x00"]);
    // Where a program reads the error, it is a line.
    let faulty = contract("faulty", &[0x11, 0x22, 0x03], &json!([]));
    let verdict = neovm(&["nef", "verify", &faulty, "--json"]).out;
    assert!(verdict.contains("the script is not valid at byte 1: JMP leads to"), "{verdict}");
    neovm(&["check"]).fails(2, &["FILE|0xHEX"]);
}

#[test]
fn base64_is_wrong_at_a_place() {
    neovm(&["check", "Eh*g", "--format", "base64"])
        .fails(1, &["Eh*g: not base64: '*' at character 3 is no base64 digit there"]);
    let lines = neovm_with(&["check", "-", "--format", "base64"], b"EhOg\n E*Og\n");
    lines.fails(1, &["standard input: not base64: '*' at line 2, character 3 is no base64 digit there"]);
    let both = neovm_with(&["check", "-"], b"EhO?");
    both.fails(1, &["'h' at character 2 is no hexadecimal digit; not base64: '?' at character 4 is no base64 digit"]);
    neovm(&["check", "EhOgE", "--format", "base64"])
        .fails(1, &["5 digits, padding included: they come in groups of 4"]);
}

#[test]
fn check_answers_lines() {
    let input = b"{\"id\":\"a\",\"script\":\"40\"}\nnothing\n{\"id\":7,\"script\":\"112203\",\"strict\":true}\n{}\n";
    let answer = neovm_with(&["check", "--batch"], input);
    let expected = r#"{"id":"a","strict":true,"message":null}
{"line":2,"error":"the line is no object: it has to start with {"}
{"id":7,"strict":false,"message":"ip: 1, opcode: JMP"}
{"line":4,"error":"column 2: missing field `script`"}
"#;
    assert_eq!(answer.out, expected);
    assert_eq!((answer.code, answer.err.as_str()), (1, "error: 2 of 4 lines are malformed\n"));
}

#[test]
fn completions_and_man_pages_are_written() {
    for (shell, part) in [("bash", "_neovm()"), ("zsh", "#compdef neovm"), ("fish", "complete -c neovm")] {
        let answer = neovm(&["completions", shell]);
        for part in [part, "max-instructions", "methods"] {
            assert!(answer.ok().contains(part), "{shell}: {part}");
        }
    }
    neovm(&["completions", "tcsh"]).fails(2, &["possible values: bash, elvish, fish, powershell, zsh"]);
    let page = neovm(&["man"]);
    assert!(page.ok().contains(".TH neovm 1") && page.out.contains("neovm\\-run(1)"), "{}", page.out);
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("man1");
    std::fs::create_dir_all(&folder).expect("a folder");
    assert_eq!(neovm(&["man", folder.to_str().expect("UTF-8")]).ok(), "");
    let run = std::fs::read_to_string(folder.join("neovm-run.1")).expect("a page");
    assert!(run.contains(".TH neovm-run 1") && run.contains("invokefunction"), "{run}");
    neovm(&["man", "/missing"]).fails(1, &["cannot write /missing/neovm.1"]);
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let coloured = |variables: &[(&str, &str)], args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_neovm"));
        let output = command.args(args).envs(variables.iter().copied()).output().expect("the program runs");
        [output.stdout, output.stderr].concat().contains(&0x1b)
    };
    for args in [
        &["run", "0x40"][..],
        &["run", "0x40", "--tree"],
        &["run", "missing"],
        &["run", "--help"],
        &["run", "0x40", "--method"],
    ] {
        assert!(!coloured(&[], args), "{args:?}");
        assert!(coloured(&[("CLICOLOR_FORCE", "1")], args), "{args:?}");
        assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], args), "{args:?}");
    }
    // JSON never has any.
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["run", "0x40", "--json"]));
}
