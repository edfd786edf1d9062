//! Debug information of two compilers: `classify` by neo3-boa, `kept` by neo-go.

use std::error::Error;

use neovm_workbench::{DebugInfo, DebugInfoError, SequencePoint, Variable};

const BOA: &[u8] = include_bytes!("data/classify.nefdbgnfo");
const NEO_GO: &[u8] = include_bytes!("data/kept.debug.json");

fn variable(name: &str, type_name: &str, slot: usize) -> Variable {
    Variable { name: name.into(), type_name: type_name.into(), slot }
}

#[test]
fn an_archive_of_neo3_boa_is_read() {
    let info = DebugInfo::read(BOA).expect("debug information");
    assert_eq!(info.documents, ["/tmp/contract/classify.py"]);
    assert_eq!(info.short_name(0), "classify.py");
    let names: Vec<_> = info.methods.iter().map(|method| (&method.name[..], method.range.clone())).collect();
    assert_eq!(names, [("classify", 0..=64), ("keep", 65..=84)]);
    let classify = &info.methods[0];
    assert_eq!(classify.parameters, [variable("n", "Integer", 0)]);
    assert_eq!(classify.locals, [variable("total", "Integer", 0), variable("i", "Integer", 1)]);
    assert_eq!(classify.return_type, "Integer");
    // `if i % 3 == 0`, from its first instruction to its jump.
    let point = SequencePoint { position: 9, document: 0, start: (10, 11), end: (10, 22) };
    for position in [9, 20, 34] {
        assert_eq!(info.point_at(position), Some(&point));
    }
    assert_eq!(info.point_at(35).map(|point| point.start.0), Some(11));
    assert_eq!(info.point_at(0), None, "INITSLOT belongs to no line");
    assert_eq!(info.point_at(85), None);
    assert_eq!(info.lines_of(0), [7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 22, 23, 24, 25]);
}

#[test]
fn a_file_of_neo_go_is_read() {
    let info = DebugInfo::read(NEO_GO).expect("debug information");
    assert_eq!(info.statics, [variable("prefix", "Any", 0)]);
    assert_eq!(info.methods.len(), 4);
    let keep = info.method_at(60).expect("a method");
    assert_eq!((&keep.name[..], &keep.namespace[..]), ("keep", "kept"));
    // A call of a library that was put in place of the call.
    assert_eq!(info.short_name(info.point_at(61).expect("a point").document), "storage.go");
    let of_file = info.documents.iter().position(|path| path.ends_with("kept.go")).expect("the source");
    assert_eq!(info.lines_of(of_file), [5, 7, 10, 11, 13, 18, 23, 26]);
}

#[test]
fn slots_are_numbered_where_the_compiler_says_so() {
    let json = r#"{"documents":["a.cs"],"static-variables":["x,Integer,3"],"methods":[{"name":"A.B,run",
        "range":"4-9","params":["p,Any,1"],"variables":["v,Any"],"return":"Void","sequence-points":["8[0]2:1-2:2","4[0]1:1-1:9"]}]}"#;
    let info = DebugInfo::read(["\u{feff}", json].concat().as_bytes()).expect("debug information");
    assert_eq!(info.statics[0].slot, 3);
    assert_eq!((info.methods[0].parameters[0].slot, info.methods[0].locals[0].slot), (1, 0));
    assert_eq!(info.methods[0].points[0].position, 4, "points are sorted");
    assert_eq!(info.root, None);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let error = |json: &str| DebugInfo::read(json.as_bytes()).expect_err("an error").to_string();
    let method = |fields: &str| {
        format!(r#"{{"documents":["a"],"methods":[{{"name":"n","range":"0-1"}},{{"name":"n",{fields}}}]}}"#)
    };
    let syntax = DebugInfo::read(b"{\n \"documents\": 5}").expect_err("an error");
    let why = syntax.source().expect("the place").to_string();
    assert!(why.contains("line 2 column 15"), "{why}");
    assert_eq!(error(&method(r#""range":"5-4""#)), r#"methods[1].range: "5-4" is not a range FIRST-LAST"#);
    let point = |text: &str| error(&method(&format!(r#""range":"0-1","sequence-points":["0[0]1:1-1:2","{text}"]"#)));
    for text in ["", "0", "0[0", "0[0]1-2", "x[0]1:1-1:2", "0[0]1:1-1:99999999999", "-1[0]1:1-1:2"] {
        assert!(point(text).starts_with("methods[1].sequence-points[1]: "), "{}", point(text));
    }
    assert!(point("0[1]1:1-1:2").ends_with("is not in one of the documents"));
    let bad = error(r#"{"static-variables":["a,b,c"]}"#);
    assert_eq!(bad, r#"static-variables[0]: "a,b,c" is not a variable NAME,TYPE or NAME,TYPE,SLOT"#);
}

/// Reports look for the points of each document.
#[test]
fn there_are_only_so_many_documents_and_points() {
    let documents = |count: usize, length: usize| {
        let documents = vec!["d".repeat(length); count];
        DebugInfo::read(serde_json::json!({ "documents": documents }).to_string().as_bytes())
    };
    let error = |info: Result<DebugInfo, DebugInfoError>| info.expect_err("an error").to_string();
    assert!(documents(1024, 4096).is_ok());
    assert_eq!(error(documents(1025, 1)), "the debug information has 1025 documents, at most 1024 are taken");
    assert!(error(documents(2, 4097)).starts_with("documents[0]: \"dddd"));
    let points = vec!["0[0]1:1-1:1"; 600_000];
    let method = serde_json::json!({"name": "n", "range": "0-1", "sequence-points": points});
    let json = serde_json::json!({"documents": ["a"], "methods": [method, method]});
    let message = "the debug information has 1200000 sequence points, at most 1048576 are taken";
    assert_eq!(error(DebugInfo::read(json.to_string().as_bytes())), message);
}

#[test]
fn damaged_archives_are_errors() {
    for length in 0..BOA.len() {
        assert!(DebugInfo::read(&BOA[..length]).is_err());
    }
    for place in 0..BOA.len() {
        let mut bytes = BOA.to_vec();
        bytes[place] ^= 0x55;
        // Much of an archive says nothing that is needed; what is read must not panic.
        let _ = DebugInfo::read(&bytes);
    }
    let empty = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    assert!(matches!(
        DebugInfo::read(&[b"PK\x03\x04", &empty[..]].concat()),
        Err(DebugInfoError::NoEntry | DebugInfoError::Archive(_))
    ));
}
