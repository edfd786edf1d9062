//! The worst case of each native method. Calling one costs 32,768 units beside its own price.

use neovm::{
    Hardfork,
    host::native::{Method, NATIVES},
    types::manifest::ParameterType,
};

use super::{Case, array_of, call_native, syscalls::KEY};

/// The generators of BLS12-381.
const G1: &str = "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
const G2: &str = "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e\
                  024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8";

/// Pushes the hash of the contract.
const OWN: &str = "SYSCALL System.Runtime.GetExecutingScriptHash";

/// Methods whose worst case needs more than large arguments: what it is, code before, and arguments.
fn special(native: &str, method: &Method) -> Option<(&'static str, String, Vec<String>)> {
    let filled = |byte: &str| format!("PUSHDATA2 0x{}", byte.repeat(1024));
    let kept = |code: String| format!("{code}\nSTLOC0");
    let one = || vec!["LDLOC0".to_owned()];
    let items = array_of(&format!("PUSHDATA1 0x{}", "31".repeat(40)), 2000);
    let point = |bytes: &str, local: u8| {
        format!(
            "{}\nSTLOC{local}\n",
            call_native("CryptoLib", "bls12381Deserialize", &[&format!("PUSHDATA1 0x{bytes}")])
        )
    };
    let points = || point(G1, 0) + &point(G2, 1);
    let pairing =
        || format!("{}{}\nSTLOC2\n", points(), call_native("CryptoLib", "bls12381Pairing", &["LDLOC0", "LDLOC1"]));
    let gt = |arguments: &[&str]| arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>();
    let mut digits = vec![format!("PUSHDATA1 \"{}\"", "7".repeat(76))];
    let scalar = format!("PUSHDATA1 0x{}", "71".repeat(31) + "10");
    let key = format!("PUSHDATA1 0x{KEY}");
    let signature = format!("PUSHDATA1 0x{}", "11".repeat(64));
    Some(match (native, method.name) {
        ("StdLib", "atoi") => {
            digits.truncate(1);
            if method.parameters.len() == 2 {
                digits.push("PUSH10".into());
            }
            ("76 digits", String::new(), digits)
        }
        ("StdLib", "itoa") => {
            let mut arguments = vec![format!("PUSHINT256 {}", "5".repeat(76))];
            if method.parameters.len() == 2 {
                arguments.push("PUSH10".into());
            }
            ("76 digits", String::new(), arguments)
        }
        ("StdLib", "base58Decode") => ("1,024 digits", String::new(), vec![filled("7a")]),
        ("StdLib", "base58CheckDecode") => (
            "of 740 bytes",
            kept(call_native("StdLib", "base58CheckEncode", &[&format!("PUSHDATA2 0x{}", "ff".repeat(740))])),
            one(),
        ),
        ("StdLib", "base64Decode" | "base64UrlDecode" | "hexDecode") => {
            ("1,024 digits", String::new(), vec![filled("41")])
        }
        ("StdLib", "serialize") => ("2,000 strings", kept(items), one()),
        ("StdLib", "deserialize") => ("2,000 strings", kept(call_native("StdLib", "serialize", &[&items])), one()),
        ("StdLib", "jsonSerialize") => ("2,000 strings", kept(array_of("PUSHDATA1 \"<<<<<<<<\"", 2000)), one()),
        ("StdLib", "jsonDeserialize") => {
            ("2,000 numbers", kept(format!("PUSHDATA2 \"[{}1]\"", "1234567890123456e30,".repeat(1999))), one())
        }
        ("StdLib", "strLen") => {
            let text = "F0 9F 91 A8 E2 80 8D F0 9F 91 A8 E2 80 8D".replace(' ', "").to_lowercase();
            ("a family of 146", String::new(), vec![format!("PUSHDATA2 0x{}", text.repeat(73))])
        }
        ("StdLib", "stringSplit") => {
            let mut arguments = vec![filled("61"), "PUSHDATA1 \"a\"".into(), "PUSHF".into()];
            arguments.truncate(method.parameters.len());
            ("1,025 parts", String::new(), arguments)
        }
        ("StdLib", "memorySearch") => {
            let mut arguments =
                vec![filled("61"), format!("PUSHDATA2 0x{}62", "61".repeat(511)), "PUSH0".into(), "PUSHF".into()];
            arguments.truncate(method.parameters.len());
            ("513 places that nearly match", String::new(), arguments)
        }
        ("CryptoLib", "bls12381Deserialize") => ("a point of G2", String::new(), vec![format!("PUSHDATA1 0x{G2}")]),
        ("CryptoLib", "bls12381Serialize") => ("a point of G2", points(), gt(&["LDLOC1"])),
        ("CryptoLib", "bls12381Add" | "bls12381Equal") => ("elements of GT", pairing(), gt(&["LDLOC2", "LDLOC2"])),
        ("CryptoLib", "bls12381Mul") => ("an element of GT", pairing(), vec!["LDLOC2".into(), scalar, "PUSHT".into()]),
        ("CryptoLib", "bls12381Pairing") => ("", points(), gt(&["LDLOC0", "LDLOC1"])),
        ("CryptoLib", "recoverSecp256K1") => (
            "",
            String::new(),
            vec![format!("PUSHDATA1 0x{}", "22".repeat(32)), format!("PUSHDATA1 0x{}00", "11".repeat(64))],
        ),
        ("CryptoLib", "verifyWithECDsa") => {
            ("secp256r1", String::new(), vec![filled("61"), key, signature, "PUSHINT8 23".into()])
        }
        ("CryptoLib", "verifyWithEd25519") => {
            let key = format!("PUSHDATA1 0x58{}", "66".repeat(31));
            ("", String::new(), vec![filled("61"), key, signature])
        }
        ("CryptoLib", "murmur32" | "keccak256" | "ripemd160" | "sha256") => {
            let mut arguments = one();
            arguments.extend(vec!["PUSH0".to_owned(); method.parameters.len() - 1]);
            ("128 KB", super::zeros(131_070, 0), arguments)
        }
        ("ContractManagement", "getContract" | "isContract") => ("itself", String::new(), vec![OWN.into()]),
        ("ContractManagement", "hasMethod") => {
            ("of itself", String::new(), vec![OWN.into(), "PUSHDATA1 \"main\"".into(), "PUSH0".into()])
        }
        ("LedgerContract", "getBlock") => ("the genesis block", String::new(), vec!["PUSHDATA1 0x00".into()]),
        ("GasToken" | "NeoToken", "transfer") => {
            let account = format!("PUSHDATA1 0x{}", "07".repeat(20));
            ("of nothing", String::new(), vec![account.clone(), account, "PUSH0".into(), "PUSHNULL".into()])
        }
        ("RoleManagement", "getDesignatedByRole") => ("", String::new(), gt(&["PUSH4", "PUSH0"])),
        _ => return None,
    })
}

/// Code that pushes an argument of a type.
fn argument(parameter: ParameterType) -> String {
    match parameter {
        ParameterType::Boolean => "PUSHT".into(),
        ParameterType::Integer => "PUSH1".into(),
        ParameterType::Hash160 => format!("PUSHDATA1 0x{}", "07".repeat(20)),
        ParameterType::Hash256 => format!("PUSHDATA1 0x{}", "07".repeat(32)),
        ParameterType::PublicKey => format!("PUSHDATA1 0x{KEY}"),
        ParameterType::Signature => format!("PUSHDATA1 0x{}", "11".repeat(64)),
        ParameterType::ByteArray | ParameterType::String => format!("PUSHDATA2 0x{}", "61".repeat(1024)),
        ParameterType::Array => "NEWARRAY0".into(),
        ParameterType::Map => "NEWMAP".into(),
        _ => "PUSHNULL".into(),
    }
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for native in NATIVES {
        for method in native.methods.iter().filter(|method| method.is_active(Hardfork::Gorgon)) {
            let (what, before, arguments) = special(native.name, method).unwrap_or_else(|| {
                ("", String::new(), method.parameters.iter().map(|(_, parameter)| argument(*parameter)).collect())
            });
            let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            let body = format!("{}\nDROP", call_native(native.name, method.name, &arguments));
            cases.push(
                Case::new(&format!("{}.{}", native.name, method.name), what, method.cpu_fee, body).before(before),
            );
        }
    }
    cases
}
