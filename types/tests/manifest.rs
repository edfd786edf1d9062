//! Contract manifests.

use neovm_types::{
    Hash160, Manifest, ManifestError, StackItem,
    item::binary::serialize,
    manifest::{ContractDescriptor, ParameterType, PublicKey, Wildcard},
};
use serde_json::{Value, json};

const KEY: &str = "03b209fd4f53a7170ea4444e0cb0a6bb6a53c2bd016926989cf85f9b0fba17a70c";

/// Hash, group key and signature of a recorded contract that the node deployed.
const GROUPED: (&str, &str, &str) = (
    "0x6ab19d9b68a03054185231217a7cee1d553e06da",
    "02df74f6891759c078be479353216804e460b06e4be5986b0a38a4535acfa4f120",
    "iy4ogPDCD4vIC25WREV5+dR7OBd9ovCvhiFfe0z+0Y5s0jbNQ/bCRo5jIpAaMyo06B9kL0Tg/invp36+5WmhkA==",
);
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
    assert_eq!(serde_json::to_value(manifest.extra.clone().unwrap()).unwrap(), full()["extra"]);
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
fn what_may_be_missing_is_empty() {
    let method = json!({"name": "f", "parameters": [], "returntype": "Any", "offset": 0, "safe": false});
    let least = json!({"name": "n", "features": {}, "abi": {"methods": [method]}, "trusts": []});
    let manifest = parse(&least).unwrap();
    assert!(manifest.groups.is_empty() && manifest.permissions.is_empty() && manifest.abi.events.is_empty());
    assert!(manifest.supported_standards.is_empty() && manifest.extra.is_none());
    assert!(manifest.to_json().ends_with(r#""permissions":[],"trusts":[],"extra":null}"#));
    for field in ["groups", "supportedstandards", "permissions", "extra"] {
        let mut with_null = least.clone();
        with_null[field] = Value::Null;
        assert_eq!(parse(&with_null).as_ref(), Ok(&manifest), "{field}");
    }
    assert_eq!(parse(&with("/abi/events", Value::Null)).map(|manifest| manifest.abi.events), Ok(vec![]));
}

/// Recorded as `management/deploy/manifest-no-trusts`, `-null-trusts`, `-null-features`,
/// `-no-name`, `-null-name` and `-null-abi`: the node refuses each of them.
#[test]
fn what_must_be_there() {
    for field in ["name", "features", "abi", "trusts"] {
        let mut value = full();
        value.as_object_mut().unwrap().remove(field);
        let without = parse(&value).unwrap_err().to_string();
        assert_eq!(without, format!("manifest, {field}: is missing"));
        assert_eq!(parse(&with(&format!("/{field}"), Value::Null)).unwrap_err().to_string(), without);
    }
}

#[test]
fn wildcards() {
    let manifest = parse(&with("/trusts", json!("*"))).unwrap();
    assert_eq!(manifest.trusts, Wildcard::Any);
    assert!(manifest.to_json().contains(r#""trusts":"*""#));
    // A list that holds "*" is not the same.
    let manifest = parse(&with("/trusts", json!(["*"]))).unwrap();
    assert_eq!(manifest.trusts, Wildcard::List(vec![ContractDescriptor::Any]));
    assert!(manifest.to_json().contains(r#""trusts":["*"]"#));
    assert!(parse(&with("/permissions/0/methods", json!("*"))).is_ok());
    assert!(parse(&with("/permissions/0/methods", json!(["*"]))).is_ok());
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
        ("/features", json!([]), "features: [] is not an empty object"),
        ("/features", json!(""), "features: \"\" is not an empty object"),
        ("/supportedstandards", json!("NEP-17"), "supportedstandards: \"NEP-17\" is not a list"),
        ("/supportedstandards", json!([null]), "supportedstandards[0]: null is not a text"),
        ("/supportedstandards", json!(["a", ""]), "supportedstandards[1]: is empty"),
        ("/supportedstandards", json!(["a", "b", "a"]), "supportedstandards[2]: occurs twice"),
        ("/abi", Value::Null, "abi: is missing"),
        ("/abi", json!(1), "abi: 1 is not an object"),
        ("/abi/methods", json!([]), "abi.methods: is empty"),
        ("/abi/methods/0/parameters", json!([]), "abi.methods[1]: occurs twice"),
        ("/abi/methods/0/parameters/1/name", json!("a"), "abi.methods[0].parameters[1]: occurs twice"),
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
        ("/permissions/1/contract", json!("*"), "permissions[1]: occurs twice"),
        ("/permissions/1/contract", json!(&HASH[2..]), "permissions[1].contract: \"ef4073"),
        ("/permissions/0/methods", json!("g"), "permissions[0].methods: \"g\" is not \"*\" or a list"),
        ("/permissions/0/methods", json!(["g", "g"]), "permissions[0].methods[1]: occurs twice"),
        ("/permissions/0/methods", json!([""]), "permissions[0].methods[0]: is empty"),
        ("/trusts", json!({}), "trusts: {} is not \"*\" or a list"),
        ("/trusts", json!([HASH, HASH]), "trusts[1]: occurs twice"),
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
    assert_eq!(message, "manifest, abi.events[1]: occurs twice");
    let group = full()["groups"][0].clone();
    let message = parse(&with("/groups", json!([group.clone(), group]))).unwrap_err().to_string();
    assert_eq!(message, "manifest, groups[1]: occurs twice");
    assert_eq!(parse(&json!([])).unwrap_err().to_string(), "manifest, whole: [] is not an object");
}

#[test]
fn texts_that_are_not_json_are_refused() {
    let message = |text: &[u8]| Manifest::parse(text).unwrap_err().to_string();
    assert!(message(b"{").starts_with("the manifest is not JSON: EOF"));
    assert!(message(b"{} x").contains("trailing characters at line 1 column 4"));
    assert!(message(b"\"\xff\"").starts_with("the manifest is not JSON:"));
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
    assert!(nested(65).unwrap_err().to_string().contains("more than 64 arrays and objects inside one another"));
    let deep = "[".repeat(60_000);
    assert!(matches!(Manifest::parse(deep.as_bytes()), Err(ManifestError::Json(_))));
}

#[test]
fn parameter_types_have_their_names_and_bytes() {
    for kind in ParameterType::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
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

/// .NET's `Enum.Parse<ContractParameterType>`, then `Enum.IsDefined`.
#[test]
fn parameter_types_are_read_as_dotnet_reads_an_enum() {
    use ParameterType::{Any, Hash160, Integer, Signature, String, Void};
    let accepted = [
        ("Integer", Integer),
        (" Integer\t", Integer),
        ("\u{a0}\u{2003}Integer\u{3000}\u{85}", Integer),
        ("17", Integer),
        ("+17", Integer),
        ("000000000000000017", Integer),
        (" \u{a0}17 \t\n\u{b}\u{c}\r", Integer),
        ("17\0\0", Integer),
        ("17 \0", Integer),
        ("0", Any),
        ("-0", Any),
        ("-00 ", Any),
        ("255", Void),
        // 0x11 | 0x13, 0x14 | 0x13, 0x00 | 0x14.
        ("Integer,String", String),
        (" Hash160 , String ", Signature),
        ("Any,Hash160", Hash160),
        ("Void,Integer,Void", Void),
    ];
    for (text, expected) in accepted {
        assert_eq!(text.parse(), Ok(expected), "{text:?}");
        let manifest = parse(&with("/abi/methods/1/returntype", json!(text))).unwrap();
        assert_eq!(manifest.abi.methods[1].return_type, expected, "{text:?}");
        assert!(manifest.to_json().contains(&format!(r#""returntype":"{expected}","offset":7"#)));
    }
    let refused = [
        "",
        " ",
        ",",
        "Integer,",
        ",Integer",
        "Integer,,String",
        "Integer String",
        "integer",
        "INTEGER",
        "Int",
        "Void2",
        "1",
        "18 19",
        "256",
        "-1",
        "-17",
        "--17",
        "+ 17",
        "+",
        "-",
        "0x11",
        "17.0",
        "1e1",
        "17,18",
        "17,Integer",
        "Integer,17",
        "17\u{a0}",
        "17\0 ",
        "\0Integer",
        "Integer\0",
        "\u{200b}Integer",
        "\u{ff11}\u{ff17}",
        "Integer,Array",
        "String,Map,Void2",
        "99999999999999999999",
    ];
    for text in refused {
        assert!(text.parse::<ParameterType>().is_err(), "{text:?}");
        assert!(parse(&with("/abi/methods/1/returntype", json!(text))).is_err(), "{text:?}");
    }
    // A parameter is not Void, in whatever way that is written.
    for text in ["Void", "255", "Any,Void", "Integer,Void"] {
        assert!(parse(&with("/abi/methods/0/parameters/0/type", json!(text))).is_err(), "{text:?}");
    }
}

#[test]
fn offsets_are_floats_without_a_fraction() {
    let offset = |text: &str| {
        let manifest = full().to_string().replace("\"offset\":7", &format!("\"offset\":{text}"));
        Manifest::parse(manifest.as_bytes()).ok().map(|manifest| manifest.abi.methods[1].offset)
    };
    let accepted = [
        ("7.0", 7),
        ("0.7e1", 7),
        ("70e-1", 7),
        ("-0", 0),
        ("-0.0", 0),
        ("1e-999", 0),
        ("2147483647", i32::MAX),
        ("7.00000000000000000001", 7),
        ("2147483647.00000001", i32::MAX),
    ];
    for (text, expected) in accepted {
        assert_eq!(offset(text), Some(expected), "{text}");
    }
    for text in ["7.5", "-1", "-0.5", "2147483648", "2147483647.5", "1e10", "1e308", "1e999", "true", "[]"] {
        assert_eq!(offset(text), None, "{text}");
    }
}

#[test]
fn contracts_are_told_apart_by_their_length() {
    let contract = |text: &str| text.parse::<ContractDescriptor>();
    let hash = ContractDescriptor::Hash(HASH.parse().unwrap());
    assert_eq!(contract(HASH), Ok(hash));
    assert_eq!(contract(&HASH.replace("0x", "0X")), Ok(hash));
    assert_eq!(contract(&HASH.to_uppercase()), Ok(hash));
    assert_eq!(contract(&KEY.to_uppercase()), Ok(ContractDescriptor::Group(KEY.parse().unwrap())));
    assert_eq!(contract("*"), Ok(ContractDescriptor::Any));
    // Without its 0x a hash has 40 characters; 42 digits are not one either.
    let refused = [
        &HASH[2..],
        &format!("ab{}", &HASH[2..]),
        &format!("0x+{}", &HASH[3..]),
        &HASH.replace('e', "g"),
        &HASH.replace('e', " "),
        &format!("{HASH} "),
        &format!("04{}", &KEY[2..]),
        &KEY.replace('b', "g"),
        "",
        "**",
        " *",
    ];
    for text in refused {
        assert!(contract(text).is_err(), "{text}");
        assert!(parse(&with("/permissions/1/contract", json!(text))).is_err(), "{text}");
        assert!(parse(&with("/trusts", json!([text]))).is_err(), "{text}");
    }
    // The same contract in another form occurs twice.
    assert!(parse(&with("/trusts", json!([HASH, HASH.to_uppercase()]))).is_err());
}

/// The base point of secp256r1, without the first byte of its forms.
const BASE_X: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
const BASE_Y: &str = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

#[test]
fn keys_are_points_of_the_curve() {
    let key = |text: &str| text.parse::<PublicKey>().map(|key| key.to_string()).map_err(|error| error.to_string());
    let compressed = format!("03{BASE_X}");
    assert_eq!(key(&compressed).as_ref(), Ok(&compressed));
    assert_eq!(key(&format!("04{BASE_X}{BASE_Y}")).as_ref(), Ok(&compressed));
    // Of the y coordinate that is given, the reference looks at no more than whether it is odd, but for a group's key:
    // with that it verifies a signature.
    let other_y = format!("04{BASE_X}{:064x}", 1);
    assert_eq!(key(&other_y).as_ref(), Ok(&compressed));
    let group = |text: &str| parse(&with("/groups/0/pubkey", json!(text))).map(|manifest| manifest.groups[0].pubkey);
    assert_eq!(group(&format!("04{BASE_X}{}", BASE_Y.to_uppercase())), Ok(compressed.parse().unwrap()));
    let prime = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
    let refused = [
        // Not a square, not below the prime.
        format!("02{:064x}", 1),
        format!("02{prime}"),
        format!("04{:064x}{BASE_Y}", 1),
        format!("04{BASE_X}{prime}"),
        // Other lengths and prefixes.
        BASE_X.into(),
        format!("05{BASE_X}"),
        format!("04{BASE_X}"),
        format!("02{BASE_X}{BASE_Y}"),
        format!("06{BASE_X}{BASE_Y}"),
        format!("0x02{BASE_X}"),
        format!("{compressed}0"),
        "00".into(),
        String::new(),
    ];
    for text in &refused {
        assert!(key(text).is_err() && group(text).is_err(), "{text}");
    }
    let error = group(&other_y).unwrap_err().to_string();
    assert!(error.ends_with("is not a public key: public key is not a point on secp256r1"), "{error}");
    // Another form does not make another group.
    let mut twice = full();
    twice["groups"] = json!([{"pubkey": compressed, "signature": "A".repeat(86) + "=="},
        {"pubkey": format!("04{BASE_X}{BASE_Y}"), "signature": "A".repeat(86) + "=="}]);
    assert_eq!(parse(&twice).unwrap_err().to_string(), "manifest, groups[1]: occurs twice");
}

/// .NET's `Convert.FromBase64String`.
#[test]
fn signatures_are_base64_with_blanks() {
    let signature =
        |text: &str| parse(&with("/groups/0/signature", json!(text))).map(|manifest| manifest.groups[0].signature);
    let digits = "A".repeat(86);
    let accepted = [
        format!("{digits}=="),
        format!(" {}\t\r\n{} = = ", &digits[..7], &digits[7..]),
        // The four bits behind the last byte count for nothing.
        format!("{}P==", &digits[..85]),
    ];
    for text in &accepted {
        assert_eq!(signature(text), Ok([0; 64]), "{text}");
    }
    let manifest = parse(&with("/groups/0/signature", json!(accepted[2]))).unwrap();
    assert!(manifest.to_json().contains(&accepted[0]));
    let refused = [
        digits.clone(),
        format!("{digits}="),
        format!("{digits}==="),
        format!("{}-_==", &digits[..84]),
        format!("{digits}==A"),
        format!("={digits}="),
        format!("{}\u{a0}==", digits),
        "A".repeat(84),
        "A".repeat(88),
        String::new(),
    ];
    for text in &refused {
        assert!(signature(text).is_err(), "{text}");
    }
}

#[test]
fn a_group_signs_the_hash_of_a_contract() {
    let contract: Hash160 = GROUPED.0.parse().unwrap();
    let group = |key: &str| {
        let value = json!([{"pubkey": key, "signature": GROUPED.2}]);
        parse(&with("/groups", value)).unwrap().groups.remove(0)
    };
    assert!(group(GROUPED.1).has_signed(contract));
    assert!(!group(GROUPED.1).has_signed(HASH.parse().unwrap()));
    assert!(!group(KEY).has_signed(contract));
}

#[test]
fn extra_comes_back_byte_by_byte() {
    let with_extra = |extra: &str| full().to_string().replace(&full()["extra"].to_string(), extra);
    let cases = [
        (r#"{"b":1,"a":2,"B":{"z":0,"y":1}}"#, r#"{"b":1,"a":2,"B":{"z":0,"y":1}}"#),
        (
            r#"{ "n": [1.0, 1e2, 1e17, 0.00001, -0, 9007199254740993] }"#,
            r#"{"n":[1,100,1E+17,1E-05,-0,9007199254740992]}"#,
        ),
        (
            r#"{"Author":"Ünder <a@b.c>","+":"'`'"}"#,
            r#"{"Author":"\u00DCnder \u003Ca@b.c\u003E","\u002B":"\u0027\u0060\u0027"}"#,
        ),
        ("{/*a*/\"k\"://b\nnull}", r#"{"k":null}"#),
        ("{}", "{}"),
    ];
    for (extra, expected) in cases {
        let manifest = Manifest::parse(with_extra(extra).as_bytes()).unwrap();
        assert!(manifest.to_json().ends_with(&format!("\"extra\":{expected}}}")), "{}", manifest.to_json());
        let StackItem::Struct(fields) = manifest.to_stack_item() else { panic!("no struct") };
        assert_eq!(fields.get(7).unwrap().to_text(), Ok(Some(expected.into())));
        assert_eq!(Manifest::parse(manifest.to_json().as_bytes()), Ok(manifest));
    }
    for extra in ["[]", "1", "\"{}\"", "true", "{\"a\":1,\"a\":2}", "{\"a\":1e400}"] {
        assert!(Manifest::parse(with_extra(extra).as_bytes()).is_err(), "{extra}");
    }
}

#[test]
fn unknown_fields_are_dropped() {
    let mut value = full();
    value["more"] = json!({"a": 1});
    value["abi"]["methods"][0]["more"] = json!(1);
    value["permissions"][0]["more"] = json!([]);
    assert_eq!(parse(&value), parse(&full()));
    // Names are compared as they are.
    value["Name"] = json!("other");
    assert_eq!(parse(&value).unwrap().name, "Sample");
}

fn count_items(item: &StackItem) -> usize {
    let mut count = 1;
    item.for_each_child(|child| count += count_items(child));
    count
}

/// A node stores at most 2,048 items of 131,070 bytes.
#[test]
fn what_a_node_cannot_store_is_refused() {
    let parameters = |count: usize| {
        let parameters = (0..count).map(|i| json!({"name": format!("{i}"), "type": "Any"})).collect::<Vec<_>>();
        parse(&with("/abi/methods/0/parameters", json!(parameters)))
    };
    // Three items a parameter: the struct, its name and its type.
    let rest = count_items(&parameters(9).unwrap().to_stack_item()) - 27;
    let most = (2048 - rest) / 3;
    assert!(count_items(&parameters(most).unwrap().to_stack_item()) > 2045);
    assert!(matches!(parameters(most + 1), Err(ManifestError::TooLarge(_))));

    // A character of two bytes takes six when it is written.
    let extra = |count: usize| parse(&with("/extra", json!({"x": "é".repeat(count)})));
    let stored = |count: usize| serialize(&extra(count).unwrap().to_stack_item(), usize::MAX, 2048).unwrap().len();
    let most = 20_000 + (131_070 - stored(20_000)) / 6;
    assert!(stored(most) > 131_064);
    assert!(matches!(extra(most + 1), Err(ManifestError::TooLarge(_))));
}
