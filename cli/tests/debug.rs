//! The debugger as a user types: scripts of commands, and a terminal.

mod common;

use common::{Answer, contract, file, method, neovm, neovm_with};
use serde_json::json;

const CLASSIFY: &str = "../workbench/tests/data/classify.nef";

/// Carries out commands on the contract of neo3-boa.
fn debug(call: &[&str], commands: &str) -> Answer {
    neovm_with(&[&["debug", CLASSIFY, "--method"][..], call].concat(), commands.as_bytes())
}

/// What a command printed.
#[track_caller]
fn printed<'a>(answer: &'a Answer, command: &str) -> &'a str {
    let begin = format!("(neovm) {command}\n");
    let (_, rest) = answer.out.split_once(&begin).unwrap_or_else(|| panic!("{command} is missing: {}", answer.out));
    rest.split("(neovm) ").next().expect("a part")
}

#[test]
fn a_session_shows_lines_and_variables() {
    let answer = debug(&["classify", "10"], "break :14\ncontinue\nprint n\nslots\nprint/x n\nwhere\nlist 1\nframes\n");
    answer.ok();
    assert!(answer.out.starts_with("in classify.classify, classify.py:"), "{}", answer.out);
    assert_eq!(printed(&answer, "break :14"), "breakpoint 1, classify.py:14\n");
    assert!(printed(&answer, "continue").starts_with(
        "breakpoint 1, classify.py:14\nin classify.classify, classify.py:14\nline    14          i += 1\nbyte    45  "
    ), "{}", answer.out);
    assert_eq!(printed(&answer, "print n"), "10\n");
    assert_eq!(printed(&answer, "print/x n"), "0x0a\n");
    assert_eq!(printed(&answer, "slots"), "arg0      n = 10\nlocal0    total = 0\nlocal1    i = 0\n");
    assert_eq!(
        printed(&answer, "list 1"),
        "     13              total -= 1\n>    14          i += 1\n     15      if total > 100:\n"
    );
    assert!(
        printed(&answer, "frames")
            .starts_with(">   0  classify.classify, classify.py:14, byte 45\n    1  entry script, byte ")
    );
}

#[test]
fn it_goes_back_as_it_went_forward() {
    let answer = debug(&["classify", "2"], "watch total\nc\nc\nbackcontinue\nback 3\ngas\ngoto 0\nrun\nbc\n");
    // The first write is from null.
    answer.ok();
    let writes: Vec<&str> =
        answer.out.lines().filter(|line| line.starts_with("breakpoint 1, variable total: ")).collect();
    assert_eq!(writes[0], "breakpoint 1, variable total: total = null -> 0");
    assert_eq!(writes[1], "breakpoint 1, variable total: total = 0 -> -1");
    assert_eq!(writes[2], writes[0]);
    assert!(printed(&answer, "goto 0").starts_with("at the beginning\nin entry script\n"), "{}", answer.out);
}

#[test]
fn a_run_to_the_end_shows_what_came_of_it() {
    let answer = debug(&["classify", "10"], "continue\nresult\nwhere\n");
    assert_eq!(printed(&answer, "continue"), "halted after 358 instructions, 0.0108204 GAS\nresult[0]  12\n");
    assert_eq!(printed(&answer, "result"), "result[0]  Integer     12\n");
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("nothing runs any more"), "{}", answer.err);
}

#[test]
fn results_have_the_order_of_the_list() {
    let path = file("results.hex", b"0x111213");
    let answer = neovm_with(&["debug", &path], b"continue\nresult\nprint result[0]\nprint result[2]\n");
    answer.ok();
    assert!(printed(&answer, "result").starts_with("result[0]  Integer     3\n"), "{}", answer.out);
    assert_eq!((printed(&answer, "print result[0]"), printed(&answer, "print result[2]")), ("3\n", "1\n"));
}

#[test]
fn what_is_watched_may_be_long() {
    // INITSSLOT 1, a buffer of 100 bytes, STSFLD0, then the last byte becomes 7.
    let script = b"\x56\x01\x00\x64\x88\x60\x58\x00\x63\x17\xd0\x40";
    let path = contract("watched", script, &json!([method("main", 0, json!([]), "Void")]));
    let answer = neovm_with(&["debug", &path, "--method", "main"], b"break opcode LDSFLD0\nc\nwatch static0\nc\n");
    answer.ok();
    assert!(answer.out.contains("static0 = Buffer 0x0000"), "{}", answer.out);
}

#[test]
fn continuing_many_times_stops_at_the_limit() {
    let answer =
        neovm_with(&["debug", "0x2200", "--gas", "9000000000000", "--max-instructions", "10"], b"continue 3\ngas\n");
    assert!(printed(&answer, "continue 3").contains("stopped, as --max-instructions says"), "{}", answer.out);
    assert!(printed(&answer, "gas").starts_with("instructions  10\n"), "{}", answer.out);
}

#[test]
fn storage_and_events_are_shown() {
    let owner = "NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj";
    let call = [
        "debug",
        "token.nef",
        "--method",
        "transfer",
        owner,
        "0x0202020202020202020202020202020202020202",
        "500",
        "null",
        "--signer",
        owner,
    ];
    let commands = "break storage 0x010202020202020202020202020202020202020202\nc\nstorage Token 0x01\nbreak GasToken.transfer\nc\nevents\nbc\nevents\nquit\nfrob\n";
    let answer = neovm_with(&call, commands.as_bytes());
    answer.ok();
    assert!(printed(&answer, "c").contains(": nothing -> 0xf401\n"), "{}", answer.out);
    assert!(printed(&answer, "storage Token 0x01").starts_with("2 entries of Token\n  0x010202"), "{}", answer.out);
    let events: Vec<&str> = answer.out.split("(neovm) events\n").skip(1).collect();
    assert!(events[0].starts_with("Transfer of Token: from = "), "{}", answer.out);
    assert!(events[1].starts_with("no events, no logs\n"), "{}", answer.out);
}

#[test]
fn accounts_are_shown_by_hash_and_address() {
    let owner = "NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj";
    let call = ["debug", "token.nef", "--method", "transfer", owner, owner, "5", "null", "--signer", owner];
    let answer = neovm_with(&call, b"break opcode LDARG0\ncontinue\nslots\nprint arg0\nprint/x from\n");
    answer.ok();
    let hash = "(0x0f46dc4287b70117ce8354924b5cb3a47215ad93, address NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj)\n";
    let first = printed(&answer, "slots").split_inclusive('\n').next().expect("an argument");
    assert!(first.starts_with("arg0      from = 0x93ad") && first.ends_with(hash), "{}", answer.out);
    assert!(printed(&answer, "print arg0").ends_with(hash), "{}", answer.out);
    assert_eq!(printed(&answer, "print/x from"), "0x93ad1572a4b35c4b925483ce1701b78742dc460f\n");
}

#[test]
fn the_first_command_that_fails_ends_a_script() {
    let answer = debug(&["classify", "10"], "# a comment\n\nbreak nothing\ncontinue\n");
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("no contract that is known has a method or function \"nothing\""), "{}", answer.err);
    assert!(!answer.out.contains("continue"), "{}", answer.out);
    for (command, words) in [
        ("frob", "there is no command \"frob\""),
        ("step x", "\"x\" is not a number"),
        ("continue 0", "0 times is nothing to do"),
        ("step 0", "0 times is nothing to do"),
        ("back 0", "0 times is nothing to do"),
        ("break gas .", "\".\" is not an amount of gas"),
        ("break gas -1", "\"-1\" is not an amount of gas"),
        ("break gas +1", "\"+1\" is not an amount of gas"),
        ("break gas 1.2.3", "\"1.2.3\" is not an amount of gas"),
        ("break gas", "\"\" is not an amount of gas"),
        ("print", "print what?"),
        ("print/y n", "there is no format /y"),
        ("print m", "there is no \"m\" here"),
        ("print n[", "is not of the form"),
        ("print/a n", "a hash has 20 bytes, not 1"),
        ("frame 9", "there is no frame 9; they are numbered up to 1"),
        ("down", "there is no frame below"),
        ("delete 4", "there is no breakpoint 4"),
        ("goto", "goto which instruction?"),
        ("storage nobody", "there is no contract \"nobody\""),
        ("watch frob", "there is no variable \"frob\""),
        ("help frob", "there is no command"),
        ("break :9999", "there are no instructions for line 9999"),
    ] {
        let answer = neovm(&["debug", CLASSIFY, "--method", "classify", "10", "-x", command]);
        assert_eq!(answer.code, 1, "{command}: {}", answer.out);
        assert!(answer.err.contains(words), "{command}: {}", answer.err);
    }
}

#[test]
fn each_command_has_help_and_a_name_of_its_own() {
    let answer = debug(&["classify", "10"], "help\n");
    let text = printed(&answer, "help");
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .flat_map(|line| line.split("  ").next().expect("names").split(", "))
        .map(|name| name.split(' ').next().expect("a name"))
        .collect();
    assert!(names.len() > 50, "{names:?}");
    for (i, name) in names.iter().enumerate() {
        assert!(!names[..i].contains(name), "{name} stands for two commands");
        let help = debug(&["classify", "10"], &format!("help {name}\n"));
        assert!(printed(&help, &format!("help {name}")).lines().count() >= 2, "{}", help.out);
    }
}

#[test]
fn parse_reads_a_text_in_all_ways() {
    let answer = debug(
        &["classify", "1"],
        "parse 258\nparse 0x0201\nparse NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj\nparse AgE=\nparse System.Storage.Put\n",
    );
    answer.ok();
    assert!(
        printed(&answer, "parse 258").starts_with("as number\n  bytes             0x0201\n  base64            AgE=\n"),
        "{}",
        answer.out
    );
    assert!(printed(&answer, "parse 0x0201").starts_with("as hexadecimal\n  number            258\n"));
    assert!(
        printed(&answer, "parse NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj")
            .contains("0x0f46dc4287b70117ce8354924b5cb3a47215ad93")
    );
    assert!(printed(&answer, "parse AgE=").starts_with("as base64\n  bytes             0x0201\n"));
    assert!(printed(&answer, "parse System.Storage.Put").contains("system call       e63f1884\n"));
}

#[test]
fn a_contract_without_debug_information_is_debugged_by_instructions() {
    let answer = neovm_with(&["debug", "arith.nef", "--method", "fib", "3"], b"s\nn\nslots\ndisasm 1\nlist\n");
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("no source is known here"), "{}", answer.err);
    assert_eq!(printed(&answer, "disasm 1").lines().count(), 3);
}

#[test]
fn a_script_that_is_no_contract_is_debugged() {
    let answer = neovm_with(&["debug", "0x1213a0"], b"si\nes\nc\n");
    answer.ok();
    assert_eq!(printed(&answer, "es"), "stack[0]  Integer     2\n");
    assert_eq!(printed(&answer, "c"), "halted after 4 instructions, 0.000003 GAS\nresult[0]  6\n");
}

#[test]
fn a_fault_is_shown_and_can_be_gone_back_from() {
    let path = contract("thrower", b"\x0c\x04oops\x3a", &json!([method("main", 0, json!([]), "Void")]));
    let answer = neovm_with(&["debug", &path, "--method", "main"], b"c\nback\nes\nrun\n");
    answer.ok();
    assert!(
        printed(&answer, "c").starts_with("faulted after ") && printed(&answer, "c").contains("oops"),
        "{}",
        answer.out
    );
    assert_eq!(printed(&answer, "es"), "stack[0]  ByteString  \"oops\"\n");
}

#[test]
fn a_hostile_loop_stops_where_the_gas_or_the_limit_does() {
    // JMP to itself.
    let answer = neovm_with(&["debug", "0x2200", "--max-instructions", "1000"], b"c\ngas\nback 500\nc\n");
    answer.ok();
    assert!(printed(&answer, "c").starts_with("stopped, as --max-instructions says\n"), "{}", answer.out);
    let answer = neovm_with(&["debug", "0x2200", "--gas", "1000000"], b"c\nback\n");
    assert!(printed(&answer, "c").contains("Insufficient GAS"), "{}", answer.out);
    answer.ok();
}

#[test]
fn only_sources_in_the_folder_are_read() {
    let secret = file("secret.txt", b"a secret\n");
    std::fs::create_dir_all(format!("{}/inner", env!("CARGO_TARGET_TMPDIR"))).expect("a folder");
    let path = contract("inner/spy", b"\x11\x40", &json!([method("main", 0, json!([]), "Integer")]));
    let info = |document: &str| {
        let info = json!({"documents": [document], "methods": [
            {"id": "main", "name": "ns,main", "range": "0-1", "params": [], "return": "Integer", "variables": [], "sequence-points": ["0[0]1:1-1:5"]}]});
        file("inner/spy.debug.json", info.to_string().as_bytes())
    };
    for document in [secret.as_str(), "../secret.txt", "..\\secret.txt"] {
        info(document);
        let answer = neovm(&["debug", &path, "--method", "main", "-x", "where"]);
        assert!(!answer.out.contains("a secret") && answer.code == 0, "{}{}", answer.out, answer.err);
        let page = file("inner/page.html", b"");
        neovm(&["coverage", &path, "--method", "main", "--html", &page]);
        assert!(!std::fs::read_to_string(&page).expect("a page").contains("a secret"));
        // Named, it is read.
        let answer =
            neovm(&["debug", &path, "--method", "main", "--source", env!("CARGO_TARGET_TMPDIR"), "-x", "where"]);
        assert!(answer.out.contains("a secret"), "{document}: {}{}", answer.out, answer.err);
    }
}

#[cfg(unix)]
mod at_a_terminal {
    use std::process::Command;

    use rexpect::session::{PtySession, spawn_command};

    use super::{CLASSIFY, common};

    fn session(words: &[&str]) -> PtySession {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neovm"));
        command.args(words).current_dir(common::examples()).env("NO_COLOR", "1").env("TERM", "xterm");
        spawn_command(command, Some(60_000)).expect("it starts")
    }

    fn send(session: &mut PtySession, keys: &str) {
        session.send(keys).expect("sent");
        session.flush().expect("sent");
    }

    #[test]
    fn history_completion_and_repetition() {
        let mut session = session(&["debug", CLASSIFY, "--method", "classify", "10"]);
        session.exp_string("(neovm) ").expect("a prompt");
        // One word is completed to `breakpoints`, another to a variable.
        send(&mut session, "breakpo\t\r");
        session.exp_string("no breakpoints").expect("an answer");
        session.exp_string("(neovm) ").expect("a prompt");
        send(&mut session, "watch tot\t\r");
        session.exp_string("breakpoint 1, variable total").expect("an answer");
        session.exp_string("(neovm) ").expect("a prompt");
        send(&mut session, "stepinto\r");
        session.exp_string("(neovm) ").expect("a prompt");
        // An empty line repeats.
        send(&mut session, "\r");
        session.exp_string("byte ").expect("a place");
        session.exp_string("(neovm) ").expect("a prompt");
        // The command before, by the key that goes up.
        send(&mut session, "print n\r");
        session.exp_string("10").expect("a value");
        session.exp_string("(neovm) ").expect("a prompt");
        send(&mut session, "\x1b[A\r");
        session.exp_string("print n").expect("from the history");
        session.exp_string("10").expect("a value");
        // An error does not end it.
        send(&mut session, "frob\r");
        session.exp_string("there is no command").expect("an error");
        session.send_control('d').expect("sent");
        session.exp_eof().expect("the end");
    }

    #[test]
    fn help_fits_the_terminal() {
        let longest = |to: &str| {
            let mut command = Command::new("sh");
            command.args([
                "-c",
                &format!("stty rows 24 cols 60 && NO_COLOR=1 '{}' run --help {to}", env!("CARGO_BIN_EXE_neovm")),
            ]);
            let mut session = spawn_command(command, Some(60_000)).expect("it starts");
            let help = session.exp_eof().expect("the end");
            help.lines().filter(|line| !line.contains("neovm ")).map(|line| line.trim_end().chars().count()).max()
        };
        assert!(longest("") <= Some(60) && longest("| cat") > Some(100));
    }

    #[test]
    fn control_c_stops_what_runs() {
        let mut session = session(&["debug", "0x2200", "--gas", "9000000000000"]);
        session.exp_string("(neovm) ").expect("a prompt");
        send(&mut session, "continue\r");
        std::thread::sleep(std::time::Duration::from_millis(500));
        session.send_control('c').expect("sent");
        session.exp_string("interrupted").expect("an answer");
        session.exp_string("(neovm) ").expect("a prompt");
        send(&mut session, "back\r");
        session.exp_string("JMP").expect("a place");
        send(&mut session, "quit\r");
        session.exp_eof().expect("the end");
    }
}
