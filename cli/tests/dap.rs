//! The Debug Adapter Protocol, spoken by a client as an editor does.

mod common;

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use serde_json::{Value, json};

const CLASSIFY: &str = "../workbench/tests/data/classify.nef";

/// Nothing here takes so long, not even where many tests run at once.
const TIMEOUT: Duration = Duration::from_secs(60);

struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    messages: Receiver<Value>,
    /// Events that nobody has waited for yet.
    events: VecDeque<Value>,
    seq: i64,
}

impl Client {
    fn start(words: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neovm"));
        command.args(["debug", "--dap"]).args(words).current_dir(common::examples());
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().expect("the program starts");
        let (sender, messages) = mpsc::channel();
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        std::thread::spawn(move || {
            loop {
                let mut header = String::new();
                if out.read_line(&mut header).expect("text") == 0 {
                    return;
                }
                let length =
                    header.strip_prefix("Content-Length: ").expect("a length").trim().parse().expect("a number");
                out.read_line(&mut header).expect("an empty line");
                let mut content = vec![0; length];
                out.read_exact(&mut content).expect("a message");
                if sender.send(serde_json::from_slice(&content).expect("JSON")).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        Self { child, stdin, messages, events: VecDeque::new(), seq: 0 }
    }

    fn send_raw(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("open");
        stdin.write_all(bytes).and_then(|()| stdin.flush()).expect("the program reads");
    }

    fn send(&mut self, command: &str, arguments: Value) {
        self.seq += 1;
        let request = json!({"seq": self.seq, "type": "request", "command": command, "arguments": arguments});
        let text = request.to_string();
        self.send_raw(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    fn next(&mut self) -> Value {
        self.messages.recv_timeout(TIMEOUT).expect("a message")
    }

    /// The answer to a request.
    fn answer(&mut self, command: &str, arguments: Value) -> Value {
        self.send(command, arguments);
        loop {
            let message = self.next();
            if message["type"] == "response" {
                assert_eq!((&message["request_seq"], &message["command"]), (&json!(self.seq), &json!(command)));
                return message;
            }
            self.events.push_back(message);
        }
    }

    /// The body of an answer to a request that is carried out.
    #[track_caller]
    fn body(&mut self, command: &str, arguments: Value) -> Value {
        let answer = self.answer(command, arguments);
        assert_eq!(answer["success"], true, "{answer}");
        answer["body"].clone()
    }

    /// The message of a request that is refused.
    #[track_caller]
    fn refusal(&mut self, command: &str, arguments: Value) -> String {
        let answer = self.answer(command, arguments);
        assert_eq!(answer["success"], false, "{answer}");
        answer["message"].as_str().expect("a message").into()
    }

    /// Waits for an event.
    fn event(&mut self, name: &str) -> Value {
        loop {
            let message = self.events.pop_front().unwrap_or_else(|| self.next());
            if message["event"] == name {
                return message["body"].clone();
            }
        }
    }

    fn go(&mut self, command: &str) -> Value {
        self.body(command, json!({"threadId": 1}));
        self.event("stopped")
    }

    /// Begins a session with the contract of neo3-boa.
    fn launch(arguments: Value) -> Self {
        let mut client = Self::start(&[]);
        let capabilities = client.body("initialize", json!({"adapterID": "neovm", "linesStartAt1": true}));
        assert_eq!(capabilities["supportsStepBack"], true);
        let mut all = json!({"program": CLASSIFY});
        arguments.as_object().expect("an object").iter().for_each(|(name, value)| all[name] = value.clone());
        client.body("launch", all);
        client.event("initialized");
        client
    }

    fn top(&mut self) -> Value {
        self.body("stackTrace", json!({"threadId": 1}))["stackFrames"][0].clone()
    }

    /// The variables of a scope of the current frame: names and values.
    fn scope(&mut self, name: &str) -> Vec<(String, String)> {
        let scopes = self.body("scopes", json!({"frameId": 0}));
        let scope = scopes["scopes"].as_array().expect("scopes").iter().find(|scope| scope["name"] == name);
        let reference = scope.unwrap_or_else(|| panic!("{name} is missing: {scopes}"))["variablesReference"].clone();
        let body = self.body("variables", json!({"variablesReference": reference}));
        let text = |variable: &Value, field: &str| variable[field].as_str().expect("text").to_owned();
        body["variables"].as_array().expect("a list").iter().map(|it| (text(it, "name"), text(it, "value"))).collect()
    }

    fn end(mut self) {
        self.body("disconnect", json!({}));
        drop(self.stdin.take());
        let output = self.child.wait_with_output().expect("it ends");
        let err = String::from_utf8(output.stderr).expect("text");
        assert!(output.status.success() && !err.contains("panicked"), "{err}");
    }
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.into(), value.into())
}

#[test]
fn a_session_of_an_editor() {
    let mut client = Client::launch(json!({"method": "classify", "args": [2]}));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workbench/tests/data/classify.py");
    let source = source.canonicalize().expect("a file").display().to_string();
    let set = json!({"source": {"path": source}, "breakpoints": [{"line": 14}, {"line": 12}, {"line": 400}]});
    let set = client.body("setBreakpoints", set);
    assert_eq!(set["breakpoints"][0], json!({"line": 14, "verified": true, "id": 1}));
    // There are no instructions for an else.
    assert_eq!(set["breakpoints"][1], json!({"line": 13, "verified": true, "id": 2}));
    assert_eq!(set["breakpoints"][2]["verified"], false);
    assert!(set["breakpoints"][2]["message"].as_str().expect("why").contains("line 400"));
    client.body("setExceptionBreakpoints", json!({"filters": ["fault"]}));
    client.body("configurationDone", json!({}));
    let stopped = client.event("stopped");
    assert_eq!((&stopped["reason"], &stopped["hitBreakpointIds"]), (&json!("breakpoint"), &json!([1])));
    assert_eq!(client.body("threads", json!({}))["threads"][0]["id"], 1);

    let top = client.top();
    assert_eq!((&top["line"], &top["source"]["path"]), (&json!(14), &json!(source)));
    assert_eq!(top["name"], "classify.classify, classify.py:14");
    assert_eq!(client.scope("Arguments"), [pair("n", "2")]);
    assert_eq!(client.scope("Locals"), [pair("total", "0"), pair("i", "0")]);
    assert_eq!(client.body("evaluate", json!({"expression": "total", "frameId": 0}))["result"], "0");
    assert!(client.refusal("evaluate", json!({"expression": "frob", "frameId": 0})).contains("\"frob\""));
    let shown = client.body("evaluate", json!({"expression": "gas", "context": "repl"}));
    assert!(shown["result"].as_str().expect("text").starts_with("instructions  "), "{shown}");

    assert_eq!(client.go("next")["reason"], "step");
    assert_eq!(client.top()["line"], 9);
    assert_eq!(client.go("stepBack")["reason"], "breakpoint");
    assert_eq!(client.top()["line"], 14);
    // Back to the beginning, and on.
    assert_eq!(client.go("reverseContinue")["description"], "the beginning");
    assert_eq!(client.go("continue")["hitBreakpointIds"], json!([1]));
    assert_eq!(client.go("continue")["hitBreakpointIds"], json!([2]));
    client.body("setBreakpoints", json!({"source": {"path": source}, "breakpoints": []}));
    client.body("continue", json!({"threadId": 1}));
    assert!(client.event("output")["output"].as_str().expect("text").starts_with("halted with -1; 0.0105489 GAS"));
    assert_eq!(client.event("exited")["exitCode"], 0);
    client.event("terminated");
    client.end();
}

#[test]
fn functions_instructions_and_listings() {
    let mut client =
        Client::launch(json!({"method": "keep", "args": ["key", 5], "stopOnEntry": true, "stopOnEnd": true}));
    let names = json!({"breakpoints": [{"name": "syscall Storage.Local.Put"}, {"name": "nothing"}]});
    let set = client.body("setFunctionBreakpoints", names);
    assert_eq!((&set["breakpoints"][0]["verified"], &set["breakpoints"][1]["verified"]), (&json!(true), &json!(false)));
    client.body("configurationDone", json!({}));
    assert_eq!(client.event("stopped")["reason"], "entry");
    let top = client.top();
    assert!(top["name"].as_str().expect("text").starts_with("classify.keep"), "{top}");
    let reference = top["instructionPointerReference"].clone();
    let listed = client
        .body("disassemble", json!({"memoryReference": reference, "instructionOffset": -1, "instructionCount": 3}));
    let listed = listed["instructions"].as_array().expect("a list").clone();
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[1]["address"], reference);
    assert!(listed[0]["instruction"].as_str().expect("text").starts_with("INITSLOT"));
    let set =
        json!({"breakpoints": [{"instructionReference": listed[2]["address"]}, {"instructionReference": "frob"}]});
    let set = client.body("setInstructionBreakpoints", set);
    assert_eq!((&set["breakpoints"][0]["verified"], &set["breakpoints"][1]["verified"]), (&json!(true), &json!(false)));
    assert_eq!(client.go("continue")["reason"], "breakpoint");
    assert_eq!(client.top()["instructionPointerReference"], listed[2]["address"]);
    assert_eq!(client.go("continue")["reason"], "breakpoint");
    assert_eq!(client.scope("Storage"), []);
    client.body("stepIn", json!({"threadId": 1, "granularity": "instruction"}));
    client.event("stopped");
    assert_eq!(client.scope("Storage"), [pair("\"key\"", "0x05")]);
    // The script that calls has no source but its instructions.
    client.body("stepOut", json!({"threadId": 1}));
    client.event("stopped");
    let top = client.top();
    let reference = top["source"]["sourceReference"].clone();
    let content = client.body("source", json!({"sourceReference": reference}));
    let line = usize::try_from(top["line"].as_u64().expect("a number")).expect("small");
    let listing = content["content"].as_str().expect("text").lines().nth(line - 1).map(str::trim);
    assert!(listing.is_some_and(|line| line.ends_with("RET (behind the script)")), "{content} {line}");
    let stopped = client.go("continue");
    assert_eq!((&stopped["reason"], &stopped["text"]), (&json!("end"), &json!("halted with true")));
    let frame = client.top()["id"].clone();
    let scopes = client.body("scopes", json!({"frameId": frame}));
    let results = client.body("variables", json!({"variablesReference": scopes["scopes"][0]["variablesReference"]}));
    assert_eq!(results["variables"][0]["value"], "true");
    assert_eq!(client.go("stepBack")["reason"], "step");
    client.end();
}

#[test]
fn what_would_be_ignored_is_refused() {
    let mut client = Client::launch(json!({"method": "classify", "args": [10], "stopOnEntry": true}));
    client.body("configurationDone", json!({}));
    client.event("stopped");
    let reference = client.top()["instructionPointerReference"].clone();
    let set = client.body(
        "setInstructionBreakpoints",
        json!({"breakpoints": [{"instructionReference": reference, "offset": -1}, {"instructionReference": reference}]}),
    );
    let told = &set["breakpoints"];
    // INITSLOT takes three bytes.
    assert_eq!((&told[0]["verified"], &told[1]["verified"]), (&json!(false), &json!(true)), "{set}");
    assert!(told[0]["message"].as_str().expect("why").starts_with("no instruction begins at byte 2 of"), "{set}");
    for (name, value) in [("condition", "n > 5"), ("hitCondition", "3"), ("logMessage", "here")] {
        let mut breakpoint = json!({"line": 14});
        breakpoint[name] = json!(value);
        let set =
            json!({"source": {"path": "classify.py"}, "breakpoints": [breakpoint, {"line": 14, "condition": ""}]});
        let set = client.body("setBreakpoints", set);
        assert_eq!(set["breakpoints"][0]["verified"], false, "{set}");
        assert!(set["breakpoints"][0]["message"].as_str().expect("why").contains("no conditions"), "{set}");
        assert_eq!(set["breakpoints"][1]["verified"], true, "{set}");
        let set = client.body("setFunctionBreakpoints", json!({"breakpoints": [{"name": "keep", name: value}]}));
        assert_eq!(set["breakpoints"][0]["verified"], false, "{set}");
    }
    // The console takes a command with its format.
    let shown = client.body("evaluate", json!({"expression": "print/x n", "context": "repl", "frameId": 0}));
    assert_eq!(shown["result"], "0x0a");
    client.end();
}

#[test]
fn without_debugging_it_runs_to_its_end() {
    let arguments =
        json!({"method": "classify", "args": [10], "stopOnEntry": true, "stopOnEnd": true, "noDebug": true});
    let mut client = Client::launch(arguments);
    client.body("setFunctionBreakpoints", json!({"breakpoints": [{"name": "opcode LDLOC0"}]}));
    client.body("setExceptionBreakpoints", json!({"filters": ["fault", "thrown"]}));
    client.body("configurationDone", json!({}));
    assert_eq!(client.event("exited")["exitCode"], 0);
    assert!(!client.events.iter().any(|event| event["event"] == "stopped"));
    client.end();
}

#[test]
fn accounts_have_their_hash_and_address() {
    let mut client = Client::start(&[]);
    client.body("initialize", json!({}));
    let owner = "NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj";
    let launch = json!({"program": "token.nef", "method": "transfer", "args": [owner, owner, 5, null]});
    client.body("launch", launch);
    client.body("setFunctionBreakpoints", json!({"breakpoints": [{"name": "opcode LDARG0"}]}));
    client.body("configurationDone", json!({}));
    client.event("stopped");
    let arguments = client.scope("Arguments");
    assert!(arguments[0].1.ends_with(&format!("address {owner})")), "{arguments:?}");
    let told = client.body("evaluate", json!({"expression": "from", "frameId": 0}));
    assert_eq!((&told["result"], &told["type"]), (&json!(arguments[0].1), &json!("Hash160")));
    client.end();
}

#[test]
fn faults_stop_before_they_happen() {
    let path =
        common::contract("dap-thrower", b"\x0c\x04oops\x3a", &json!([common::method("main", 0, json!([]), "Void")]));
    let mut client = Client::start(&[]);
    client.body("initialize", json!({}));
    client.body("launch", json!({"program": path, "method": "main"}));
    client.body("setExceptionBreakpoints", json!({"filters": ["fault"]}));
    assert!(client.refusal("setExceptionBreakpoints", json!({"filters": 5})).contains("setExceptionBreakpoints"));
    client.body("configurationDone", json!({}));
    let stopped = client.event("stopped");
    assert_eq!(stopped["reason"], "exception");
    assert!(stopped["text"].as_str().expect("text").contains("oops"), "{stopped}");
    assert_eq!(client.scope("Evaluation stack"), [pair("stack[0]", "\"oops\"")]);
    client.body("continue", json!({"threadId": 1}));
    assert_eq!(client.event("exited")["exitCode"], 3);
    client.end();
}

#[test]
fn what_runs_is_paused() {
    let mut client = Client::start(&["0x2200", "--gas", "9000000000000"]);
    client.body("initialize", json!({}));
    client.body("launch", json!({}));
    client.body("configurationDone", json!({}));
    std::thread::sleep(Duration::from_millis(300));
    client.body("pause", json!({"threadId": 1}));
    assert_eq!(client.event("stopped")["reason"], "pause");
    assert!(!client.top().is_null());
    // It runs again, and is left while it does.
    client.body("continue", json!({"threadId": 1}));
    std::thread::sleep(Duration::from_millis(100));
    client.end();
}

#[test]
fn what_waits_does_not_hide_a_pause() {
    let mut client = Client::start(&["0x2200", "--gas", "9000000000000"]);
    client.body("initialize", json!({}));
    client.body("launch", json!({}));
    client.body("configurationDone", json!({}));
    std::thread::sleep(Duration::from_millis(300));
    for _ in 0..200 {
        client.send("threads", json!({}));
    }
    client.send("pause", json!({"threadId": 1}));
    assert_eq!(client.event("stopped")["reason"], "pause");
    // What waited is answered in its order.
    while client.next()["command"] != "pause" {}
    client.end();
}

#[test]
fn values_that_hold_themselves_are_opened_step_by_step() {
    // INITSSLOT 1, NEWARRAY0, DUP, STSFLD0, DUP, DUP, APPEND, NOP, DROP, PUSH1, RET
    let script = b"\x56\x01\xc2\x4a\x60\x4a\x4a\xcf\x21\x45\x11\x40";
    let path = common::contract("dap-cycle", script, &json!([common::method("main", 0, json!([]), "Integer")]));
    let mut client = Client::start(&[&path, "--method", "main"]);
    client.body("initialize", json!({}));
    client.body("launch", json!({}));
    client.body("setFunctionBreakpoints", json!({"breakpoints": [{"name": "opcode NOP"}]}));
    client.body("configurationDone", json!({}));
    client.event("stopped");
    let mut value = client.body("evaluate", json!({"expression": "static0", "frameId": 0}));
    for _ in 0..20 {
        assert_eq!(value["indexedVariables"], 1);
        value = client.body("variables", json!({"variablesReference": value["variablesReference"]}))["variables"][0]
            .clone();
        assert_eq!(value["name"], "[0]");
    }
    client.end();
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let mut client = Client::start(&[]);
    assert!(client.refusal("stackTrace", json!({})).contains("comes before launch"));
    assert!(client.refusal("launch", json!({"program": "none.nef"})).contains("no such file: none.nef"));
    assert!(client.refusal("launch", json!({"program": 5})).contains("the arguments of launch"));
    assert!(client.refusal("launch", json!([CLASSIFY])).contains("invalid type: list, expected an object"));
    assert!(client.refusal("launch", json!({})).contains("standard input"));
    assert!(client.refusal("launch", json!({"program": CLASSIFY, "options": ["--frob"]})).contains("--frob"));
    assert!(client.refusal("launch", json!({"program": CLASSIFY})).contains("which method of classify?"));
    client.body("launch", json!({"program": CLASSIFY, "method": "classify", "args": ["5"], "stopOnEntry": true}));
    assert!(client.refusal("frob", json!({})).contains("\"frob\" is not supported"));
    client.body("configurationDone", json!({}));
    client.event("stopped");
    for (command, arguments) in [
        ("scopes", json!({"frameId": 77})),
        ("scopes", json!({"frameId": -1})),
        ("scopes", json!([])),
        ("variables", json!({"variablesReference": 0})),
        ("variables", json!({"variablesReference": 99})),
        ("variables", Value::Null),
        ("source", json!({"sourceReference": 0})),
        ("source", json!({"sourceReference": 99})),
        ("disassemble", json!({"memoryReference": "0x0", "instructionCount": 1})),
        ("disassemble", json!({"memoryReference": "0xffffffffffffffff", "offset": 9, "instructionCount": 1})),
        ("evaluate", json!({"expression": "n[", "frameId": 0})),
        ("evaluate", json!({"expression": "continue", "context": "repl"})),
        ("setBreakpoints", json!({"source": 5})),
        ("next", json!({"granularity": 5})),
    ] {
        client.refusal(command, arguments);
    }
    let odd = json!({"memoryReference": "0x1000000", "instructionOffset": i64::MIN, "instructionCount": 5});
    assert_eq!(client.body("disassemble", odd)["instructions"].as_array().expect("a list").len(), 5);
    let set = json!({"source": {"sourceReference": 99}, "breakpoints": [{"line": 0}]});
    assert_eq!(client.body("setBreakpoints", set)["breakpoints"][0]["verified"], false);
    client.end();
}

#[test]
fn malformed_messages_are_told_of() {
    let mut client = Client::start(&[]);
    client.send_raw(b"Content-Length: 7\r\n\r\n{\"seq\":");
    assert!(client.event("output")["output"].as_str().expect("text").contains("a message is no request"));
    client.send_raw(b"content-length: 2\r\nX: y\r\n\r\n[]");
    client.event("output");
    client.send_raw(b"Content-Length: 4\r\n\r\n\xff\xff\xff\xff");
    client.event("output");
    let list = br#"[1,"initialize",{}]"#;
    client.send_raw(&[format!("Content-Length: {}\r\n\r\n", list.len()).as_bytes(), list].concat());
    assert!(client.event("output")["output"].as_str().expect("text").contains("invalid type: list"));
    client.body("initialize", json!({}));
    client.end();
    for (bytes, words) in [
        (&b"frob\r\n\r\n"[..], "\"frob\" is no line of a header"),
        (b"Content-Length: many\r\n\r\n", "has no number of bytes"),
        (b"X: y\r\n\r\n", "no Content-Length"),
        (b"Content-Length: 99999999999\r\n\r\n", "at most 16777216 are taken"),
        (b"Content-Length: 5\r\n\r\n{}", "ends before its last byte"),
        (b"Content-Length: 5", "ends too early"),
        (&[b'x'; 5000], "more than 4096 bytes"),
    ] {
        let answer = common::neovm_with(&["debug", "--dap"], bytes);
        answer.fails(1, &[words]);
    }
    // A client that goes away ends it, also while something runs.
    let mut client = Client::start(&["0x2200", "--gas", "9000000000000"]);
    client.body("launch", json!({}));
    client.body("configurationDone", json!({}));
    drop(client.stdin.take());
    let status = client.child.wait().expect("it ends");
    assert!(status.success());
}
