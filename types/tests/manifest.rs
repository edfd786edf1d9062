//! Contract manifests.

use neovm_types::{
    Hash160, Manifest, ManifestError,
    manifest::{ContractDescriptor, ParameterType, PublicKey, Wildcard},
};
use serde_json::{Value, json};

const KEY: &str = "03b209fd4f53a7170ea4444e0cb0a6bb6a53c2bd016926989cf85f9b0fba17a70c";
const HASH: &str = "0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5";

fn full() -> Value {
    let parameter = |name, kind| json!({"name": name, "type": kind});
    json!({
        "name": "Sample",
        "groups": [{"pubkey": KEY, "signature": format!("{}==", "A".repeat(86))}],
        "features": {},
        "supportedstandards": ["NEP-17"],
        "abi": {
            "methods": [
                {"name": "f", "parameters": [parameter("a", "Hash160"), parameter("b", "Any")],
                 "returntype": "Void", "offset": 0, "safe": false},
                {"name": "f", "parameters": [], "returntype": "Integer", "offset": 7, "safe": true}
            ],
            "events": [{"name": "E", "parameters": [parameter("x", "PublicKey")]}]
        },
        "permissions": [
            {"contract": "*", "methods": ["g", "h"]},
            {"contract": HASH, "methods": "*"},
            {"contract": KEY, "methods": []}
        ],
        "trusts": [HASH, KEY, "*"],
        "extra": {"Author": "nobody", "n": [1, -2, 1.5, null, true]}
    })
}

fn parse(value: &Value) -> Result<Manifest, ManifestError> {
    Manifest::parse(value.to_string().as_bytes())
}

/// The manifest with one field changed; a pointer to what is not there adds it.
fn with(pointer: &str, new: Value) -> Value {
    let mut value = full();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match value.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = new,
        object => object[name] = new,
    }
    value
}

#[test]
fn all_fields_are_read() {
    let manifest = parse(&full()).unwrap();
    let (key, hash): (PublicKey, Hash160) = (KEY.parse().unwrap(), HASH.parse().unwrap());
    assert_eq!(manifest.name, "Sample");
    assert_eq!((manifest.groups[0].pubkey, manifest.groups[0].signature), (key, [0; 64]));
    assert_eq!(manifest.supported_standards, ["NEP-17"]);
    let method = &manifest.abi.methods[0];
    assert_eq!((method.return_type, method.offset, method.safe), (ParameterType::Void, 0, false));
    let parameters: Vec<_> = method.parameters.iter().map(|p| (p.name.as_str(), p.parameter_type)).collect();
    assert_eq!(parameters, [("a", ParameterType::Hash160), ("b", ParameterType::Any)]);
    assert_eq!(manifest.abi.events[0].parameters[0].parameter_type, ParameterType::PublicKey);
    let permissions: Vec<_> = manifest.permissions.iter().map(|p| (p.contract, p.methods.clone())).collect();
    let expected = [
        (ContractDescriptor::Any, Wildcard::List(vec!["g".into(), "h".into()])),
        (ContractDescriptor::Hash(hash), Wildcard::Any),
        (ContractDescriptor::Group(key), Wildcard::List(vec![])),
    ];
    assert_eq!(permissions, expected);
    let trusts = vec![ContractDescriptor::Hash(hash), ContractDescriptor::Group(key), ContractDescriptor::Any];
    assert_eq!(manifest.trusts, Wildcard::List(trusts));
    assert_eq!(Value::from(manifest.extra.clone().unwrap()), full()["extra"]);
}

#[test]
fn methods_are_found_by_name_and_number_of_parameters() {
    let abi = parse(&full()).unwrap().abi;
    let offset = |name, count| abi.method(name, count).map(|method| method.offset);
    assert_eq!((offset("f", None), offset("f", Some(2)), offset("f", Some(0))), (Some(0), Some(0), Some(7)));
    assert_eq!((offset("f", Some(1)), offset("F", None)), (None, None));
}

#[test]
fn json_comes_back_in_the_order_of_the_reference() {
    let manifest = parse(&full()).unwrap();
    let text = manifest.to_json();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), full());
    assert_eq!(Manifest::parse(text.as_bytes()), Ok(manifest));
    let fields = ["name", "groups", "features", "supportedstandards", "abi", "permissions", "trusts", "extra"];
    let places: Vec<_> = fields.iter().map(|field| text.find(&format!("\"{field}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
    let method = r#"{"name":"f","parameters":[],"returntype":"Integer","offset":7,"safe":true}"#;
    assert!(text.contains(method), "{text}");
}

#[test]
fn what_is_missing_is_empty() {
    let method = json!({"name": "f", "parameters": [], "returntype": "Any", "offset": 0, "safe": false});
    let manifest = parse(&json!({"name": "n", "abi": {"methods": [method]}})).unwrap();
    assert!(manifest.groups.is_empty() && manifest.permissions.is_empty() && manifest.abi.events.is_empty());
    assert_eq!((manifest.trusts.clone(), &manifest.extra), (Wildcard::List(vec![]), &None));
    let text = manifest.to_json();
    assert!(text.contains(r#""trusts":[],"extra":null"#), "{text}");
    assert!(parse(&with("/trusts", json!("*"))).unwrap().to_json().contains(r#""trusts":"*""#));
}

#[test]
fn errors_say_which_field_is_wrong() {
    let method = "/abi/methods/1";
    let cases = [
        ("/name", json!(""), "name: is empty"),
        ("/name", json!(5), "name: 5 is not a text"),
        ("/name", Value::Null, "name: is missing"),
        ("/groups", json!({}), "groups: {} is not a list"),
        ("/groups/0/pubkey", json!(&KEY[2..]), "groups[0].pubkey: \"b209fd"),
        ("/groups/0/pubkey", json!(KEY.replace("03b2", "04b2")), "groups[0].pubkey: \"04b209fd"),
        ("/groups/0/signature", json!("AAAA"), "groups[0].signature: \"AAAA\" is not 64 bytes in base64"),
        ("/features", json!({"x": 1}), "features: {\"x\":1} is not an empty object"),
        ("/features", json!([]), "features: [] is not an object"),
        ("/supportedstandards", json!(["a", ""]), "supportedstandards[1]: is empty"),
        ("/supportedstandards", json!(["a", "b", "a"]), "supportedstandards[2]: is there twice"),
        ("/abi", Value::Null, "abi: is missing"),
        ("/abi", json!(1), "abi: 1 is not an object"),
        ("/abi/methods", json!([]), "abi.methods: is empty"),
        ("/abi/methods/0/parameters", json!([]), "abi.methods[1]: is there twice"),
        ("/abi/methods/0/parameters/1/name", json!("a"), "abi.methods[0].parameters[1]: is there twice"),
        ("/abi/methods/0/parameters/1/name", json!(""), "abi.methods[0].parameters[1].name: is empty"),
        ("/abi/methods/0/parameters/0/type", json!("Void"), "abi.methods[0].parameters[0].type: \"Void\" is not"),
        ("/abi/methods/0/parameters/0/type", json!("any"), "abi.methods[0].parameters[0].type: \"any\" is not"),
        ("/abi/methods/1/name", json!(""), "abi.methods[1].name: is empty"),
        ("/abi/methods/1/returntype", json!("Int"), "abi.methods[1].returntype: \"Int\" is not a parameter type"),
        ("/abi/methods/1/offset", json!(-1), "abi.methods[1].offset: -1 is not an offset"),
        ("/abi/methods/1/offset", json!(1i64 << 31), "abi.methods[1].offset: 2147483648 is not an offset"),
        ("/abi/methods/1/offset", json!("7"), "abi.methods[1].offset: \"7\" is not an offset"),
        ("/abi/methods/1/safe", json!(1), "abi.methods[1].safe: 1 is not true or false"),
        ("/abi/events", json!([{"name": "E"}]), "abi.events[0].parameters: is missing"),
        ("/permissions/1/contract", json!("*"), "permissions[1]: is there twice"),
        ("/permissions/1/contract", json!(&HASH[2..]), "permissions[1].contract: \"ef4073"),
        ("/permissions/0/methods", json!("g"), "permissions[0].methods: \"g\" is not \"*\" or a list"),
        ("/permissions/0/methods", json!(["g", "g"]), "permissions[0].methods[1]: is there twice"),
        ("/permissions/0/methods", json!([""]), "permissions[0].methods[0]: is empty"),
        ("/trusts", json!({}), "trusts: {} is not \"*\" or a list"),
        ("/trusts", json!([HASH, HASH]), "trusts[1]: is there twice"),
        ("/extra", json!("text"), "extra: \"text\" is not an object"),
    ];
    for (pointer, new, what) in cases {
        let message = parse(&with(pointer, new)).unwrap_err().to_string();
        assert!(message.starts_with(&format!("manifest, {what}")), "{pointer}: {message}");
    }
    for field in ["name", "parameters", "returntype", "offset", "safe"] {
        let message = parse(&with(&format!("{method}/{field}"), Value::Null)).unwrap_err().to_string();
        assert_eq!(message, format!("manifest, abi.methods[1].{field}: is missing"));
    }
    let event = full()["abi"]["events"][0].clone();
    let message = parse(&with("/abi/events", json!([event.clone(), event]))).unwrap_err().to_string();
    assert_eq!(message, "manifest, abi.events[1]: is there twice");
    let group = full()["groups"][0].clone();
    let message = parse(&with("/groups", json!([group.clone(), group]))).unwrap_err().to_string();
    assert_eq!(message, "manifest, groups[1]: is there twice");
    assert_eq!(parse(&json!([])).unwrap_err().to_string(), "manifest, whole: [] is not an object");
}

#[test]
fn texts_that_are_no_json_are_refused() {
    let message = |text: &[u8]| Manifest::parse(text).unwrap_err().to_string();
    assert!(message(b"{").starts_with("the manifest is no JSON: EOF"));
    assert!(message(b"{} x").contains("trailing characters at line 1 column 4"));
    assert!(message(b"\"\xff\"").starts_with("the manifest is no JSON:"));
    assert!(message(br#"{"name":"a","name":"b"}"#).contains("key \"name\" occurs twice"));
    assert!(message(br#"{"extra":{"a":{"k":1,"k":1}}}"#).contains("key \"k\" occurs twice"));
    assert_eq!(message(&[b' '; 65536]), "the manifest has 65536 bytes, at most 65535 are allowed");
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| {
        // The manifest and `extra` are the two outermost.
        let lists = "[".repeat(depth - 2) + &"]".repeat(depth - 2);
        let text = full().to_string().replace("\"nobody\"", &lists);
        Manifest::parse(text.as_bytes())
    };
    assert!(nested(64).is_ok());
    assert!(nested(65).unwrap_err().to_string().contains("more than 64 lists and objects in one another"));
    let deep = "[".repeat(60_000);
    assert!(matches!(Manifest::parse(deep.as_bytes()), Err(ManifestError::Json(_))));
}

#[test]
fn parameter_types_have_their_names_and_bytes() {
    for kind in ParameterType::ALL {
        assert_eq!(ParameterType::from_name(kind.name()), Some(kind));
        assert_eq!(kind.to_string(), format!("{kind:?}"));
        assert_eq!(serde_json::to_value(kind).unwrap(), json!(kind.name()));
    }
    let bytes = ParameterType::ALL.map(|kind| kind as u8);
    assert_eq!(bytes, [0, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x20, 0x22, 0x30, 0xff]);
}

#[test]
fn the_examples_are_read() {
    for (name, methods, offset) in [("arith", 6, Some(77)), ("colls", 7, None)] {
        let path = format!("{}/../examples/{name}.manifest.json", env!("CARGO_MANIFEST_DIR"));
        let manifest = Manifest::parse(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!((manifest.name.as_str(), manifest.abi.methods.len()), (name, methods));
        assert_eq!(manifest.abi.method("collatz", Some(1)).map(|method| method.offset), offset);
        assert_eq!(Manifest::parse(manifest.to_json().as_bytes()), Ok(manifest));
    }
}
