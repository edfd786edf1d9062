//! `neovm test`, as a user runs it.

#[path = "../common/mod.rs"]
mod common;
mod reports;

use std::{fs, path::PathBuf};

use common::{Answer, manifest, method, neovm};
use serde_json::{Value, json};

const FLAWED: &str = "../workbench/tests/data/suite/flawed_test.nef";

/// A folder where a test may write.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("contract_tests").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder");
    path
}

fn text_of(path: &std::path::Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Writes a test file beside a copy of the token.
fn token_file(name: &str, tests: &str) -> PathBuf {
    let folder = folder(name);
    for extension in ["nef", "manifest.json", "nefdbgnfo"] {
        let file = format!("token.{extension}");
        let from = PathBuf::from("../examples/contracts").join(&file);
        fs::copy(from, folder.join(&file)).expect("the token");
    }
    let head = "accounts = [\"owner\", \"alice\"]\n[[contract]]\nnef = \"token.nef\"\ndata = \"@owner\"\n";
    let path = folder.join("a.test.toml");
    fs::write(&path, format!("{head}{tests}")).expect("a file");
    path
}

/// Runs a test file that holds one test with these steps.
fn steps(name: &str, steps: &str) -> Answer {
    let path = token_file(name, &format!("[[test]]\nname = \"it\"\nsteps = [\n{steps}\n]\n"));
    neovm(&["test", text_of(&path)])
}

#[track_caller]
fn holds(answer: &Answer, words: &[&str]) {
    let all = format!("{}{}", answer.out, answer.err);
    for word in words {
        assert!(all.contains(word), "{word:?} is missing in\n{all}");
    }
}

/// Writes a contract into a folder.
fn write_contract(folder: &std::path::Path, name: &str, script: &[u8], methods: &Value) -> PathBuf {
    let built = PathBuf::from(common::contract(&format!("contract-test-{name}"), script, methods));
    let path = folder.join(format!("{name}.nef"));
    fs::rename(&built, &path).expect("a contract");
    let mut all: Value = serde_json::from_str(&manifest(name, methods)).expect("JSON");
    all["permissions"] = json!([{"contract": "*", "methods": "*"}]);
    all["groups"] = json!([]);
    all["supportedstandards"] = json!([]);
    fs::write(path.with_extension("manifest.json"), all.to_string()).expect("a manifest");
    path
}

/// A contract whose method fails with numbers above 100.
const AT_MOST_100: &[u8] = &[0x57, 0, 1, 0x78, 0x00, 100, 0xb5, 0x40];

/// A call of a method of the native contract of tests, with one text as the argument behind null.
fn cheat(method: &str, text: &str) -> Vec<u8> {
    let arguments = [&[0x0b][..], &pushed(text.as_bytes()), &[0x12]].concat();
    [cheat_with(method, &arguments), vec![0x40]].concat()
}

/// A call of a method of the native contract of tests; the arguments and their number are pushed.
fn cheat_with(method: &str, arguments: &[u8]) -> Vec<u8> {
    let hash = [0x57, 0x7e].repeat(10);
    let call = [0x41, 0x62, 0x7d, 0x5b, 0x52, 0x45];
    [arguments, &[0xc0, 0x1f], &pushed(method.as_bytes()), &pushed(&hash), &call].concat()
}

fn pushed(bytes: &[u8]) -> Vec<u8> {
    [&[0x0c, bytes.len() as u8], bytes].concat()
}

/// What is wrong with a file is said in the style of compilers, and nothing runs.
#[track_caller]
fn refused(answer: &Answer, words: &[&str]) {
    assert_eq!(answer.code, 1, "{}", answer.err);
    holds(answer, words);
    holds(answer, &["1 file cannot be used"]);
}

#[test]
fn the_examples_pass() {
    let answer = neovm(&["test", "contracts", "--seed", "1", "--json"]);
    let report: Value = serde_json::from_str(answer.ok()).expect("JSON");
    let tests = report["tests"].as_array().expect("tests");
    let files: std::collections::BTreeSet<&str> = tests.iter().filter_map(|test| test["file"].as_str()).collect();
    assert_eq!(files.len(), 6, "each contract has tests: {files:?}");
    assert!(tests.len() >= 37, "{}", tests.len());
    assert!(tests.iter().all(|test| test["passed"] == true), "{report}");
    println!("{} tests of the examples took {} s", tests.len(), report["seconds"]);
}

#[test]
fn the_demo_has_the_token_of_the_examples() {
    for file in ["token.nef", "token.manifest.json"] {
        let example = fs::read(PathBuf::from("../examples/contracts").join(file)).expect("the example");
        assert_eq!(fs::read(PathBuf::from("src/demo").join(file)).expect("the copy"), example, "{file}");
    }
}

#[test]
fn mistakes_in_a_file_are_shown_at_their_place() {
    let path = folder("toml").join("a.test.toml");
    fs::write(&path, "accounts = [\n[[test]]\n").expect("a file");
    refused(&neovm(&["test", text_of(&path)]), &["this is not TOML", "a.test.toml:2:"]);
    fs::write(&path, "").expect("a file");
    refused(&neovm(&["test", text_of(&path)]), &["there is no test in this file"]);
    fs::write(&path, "[[test]]\nname = \"x\"\nstep = []\n").expect("a file");
    refused(&neovm(&["test", text_of(&path)]), &["`steps` is missing here", "a.test.toml:1:1"]);
    fs::write(&path, "[[contract]]\nnef = \"none.nef\"\n").expect("a file");
    refused(&neovm(&["test", text_of(&path)]), &["none.nef", "a.test.toml:2:7"]);

    let at = "a.test.toml:8:";
    let cases: &[(&str, &[&str])] = &[
        ("{ call = \"token.mind\", args = [] },", &["ExampleToken has no method `mind`", "did you mean `mint`?", at]),
        ("{ call = \"tokn.mint\", args = [] },", &["no contract is called `tokn`", "did you mean `token`?", at]),
        ("{ call = \"mint\" },", &["write the contract, a dot and the name", at]),
        ("{ call = \"token.mint\", args = [1] },", &["`mint` takes 2 arguments, 1 is given", "amount: Integer", at]),
        ("{ call = \"token.mint\", args = [\"@alic\", 1] },", &["nobody is called `alic`", "did you mean `alice`?"]),
        ("{ call = \"token.mint\", args = [\"@alice\", true] },", &["an Integer is expected, not true or false"]),
        ("{ call = \"token.mint\", args = [\"@alice\", 1.5] },", &["no numbers with a fraction", "a.test.toml:8:"]),
        ("{ call = \"token.symbol\", signer = [] },", &["there is no `signer` here", "did you mean `signers`?"]),
        ("{ call = \"token.symbol\", result = 5 },", &["a String is expected, not a number"]),
        ("{ call = \"token.mint\", args = [\"@alice\", 1], result = 5 },", &["`mint` returns nothing"]),
        ("{ call = \"token.symbol\", mine = 5 },", &["a step is one of `call`, `mine` and `oracle`"]),
        ("{ mine = 0 },", &["1 to 10000 blocks are mined"]),
        ("{ mine = 1, after = \"a week\" },", &["\"a week\" is no duration"]),
        ("{ oracle = { code = \"Great\" } },", &["Great"]),
        (
            "{ call = \"token.symbol\", signers = [{ account = \"@alice\", scope = \"All\" }] },",
            &["All", "CalledByEntry"],
        ),
        ("", &["a test without steps checks nothing", "a.test.toml:7:"]),
        (
            "{ call = \"token.symbol\", signers = [\"@alice\", \"@owner\", \"@alice\"] },",
            &["this account signs already", ":8:57"],
        ),
        (
            "{ call = \"token.symbol\", signers = [{ account = \"@alice\", scope = \"CustomContracts\" }] },",
            &["CustomContracts without `contracts` allows nothing"],
        ),
        (
            "{ call = \"token.symbol\", signers = [{ account = \"@alice\", scope = \"Global\", contracts = [\"@token\"] }] },",
            &["Global is for all contracts"],
        ),
        (
            "{ call = \"token.symbol\", signers = [{ account = \"@alice\", scope = \"WitnessRules\" }] },",
            &["groups and rules cannot be written here"],
        ),
        ("{ call = \"token.symbol\", events = [{ event = \"token.Moved\", values = [] }] },", &["no event `Moved`"]),
        ("{ call = \"token.symbol\", events = [{ event = \"token.Transfer\", values = [] }] },", &["has 3 values"]),
    ];
    for (i, (step, words)) in cases.iter().enumerate() {
        refused(&steps(&format!("mistake{i}"), step), words);
    }
    let twice = "[[test]]\nname = \"x\"\nsteps = [{ mine = 1 }]\n[[test]]\nname = \"x\"\nsteps = [{ mine = 1 }]\n";
    refused(&neovm(&["test", text_of(&token_file("twice", twice))]), &["two tests called \"x\""]);
    let setup =
        "[[setup]]\ncall = \"token.mint\"\nargs = [\"@alice\", 1]\n[[test]]\nname = \"x\"\nsteps = [{ mine = 1 }]\n";
    refused(
        &neovm(&["test", text_of(&token_file("setup", setup))]),
        &["`mint` faults", "only the owner mints, at token.py:"],
    );
    let data = "[[contract]]\nname = \"bad\"\nnef = \"token.nef\"\ndata = 5\nsigners = [\"@alice\"]\n[[test]]\nname = \"x\"\nsteps = [{ mine = 1 }]\n";
    refused(
        &neovm(&["test", text_of(&token_file("data", data))]),
        &["`bad` cannot be deployed", "the account of the owner"],
    );
}

#[test]
fn what_a_test_did_not_expect_is_shown() {
    let cases: &[(&str, &[&str])] = &[
        ("{ call = \"token.symbol\", result = \"NEO\" },", &["the result is \"EXT\"", "expected \"NEO\"", ":8:35"]),
        ("{ call = \"token.owner\", result = \"@alice\" },", &["the result is @owner", "expected @alice"]),
        ("{ call = \"token.symbol\", fault = \"x\" },", &["`symbol` halts, a fault is expected"]),
        (
            "{ call = \"token.mint\", args = [\"@alice\", 1], fault = \"of paper\" },",
            &["the fault is another one", "only the owner mints, at token.py:", "ExampleToken.mint(account = "],
        ),
        (
            "{ call = \"token.mint\", args = [\"@alice\", 1], signers = [\"@owner\"], events = [] },",
            &["there is one more event: token.Transfer(null, @alice, 1)"],
        ),
        (
            "{ call = \"token.mint\", args = [\"@alice\", 1], signers = [\"@owner\"], events = [\
             { event = \"token.Transfer\", values = [\"null\", \"@alice\", 2] }] },",
            &["the value is 1", "expected 2"],
        ),
        (
            "{ call = \"token.symbol\", events = [{ event = \"token.Transfer\", values = [\"null\", \"@alice\", 2] }] },",
            &["the event is not sent"],
        ),
        (
            "{ call = \"token.symbol\", storage = [{ contract = \"token\", key = \"0x01\", value = false }] },",
            &["what is stored is "],
        ),
        (
            "{ call = \"token.symbol\", storage = [{ contract = \"token\", key = \"0x09\", value = 1 }] },",
            &["nothing is stored there"],
        ),
        ("{ call = \"token.symbol\", gas = { max = 5 } },", &["the gas is ", " datoshi"]),
        ("{ call = \"token.symbol\", logs = [\"x\"] },", &["the logs are []"]),
        ("{ oracle = {} },", &["no oracle request 0 waits"]),
    ];
    for (i, (step, words)) in cases.iter().enumerate() {
        let answer = steps(&format!("unexpected{i}"), step);
        assert_eq!(answer.code, 1, "{step}: {}", answer.out);
        holds(&answer, words);
        holds(&answer, &["FAIL", "1 test run: 0 passed, 1 failed, 0 skipped"]);
    }
}

#[test]
fn methods_are_tests() {
    let folder = folder("methods");
    for file in ["flawed.nef", "flawed.manifest.json", "flawed_test.nef", "flawed_test.manifest.json"] {
        fs::copy(PathBuf::from("../workbench/tests/data/suite").join(file), folder.join(file)).expect("a contract");
    }
    let nef = folder.join("flawed_test.nef");
    let run = |more: &[&str]| {
        let answer = neovm(&[&["test", text_of(&nef), "--seed", "3", "--json"][..], more].concat());
        assert_eq!((answer.code, answer.err.as_str()), (1, ""));
        serde_json::from_str::<Value>(&answer.out).expect("JSON")
    };
    let report = run(&[]);
    let failure = |report: &Value, name: &str| {
        let tests = report["tests"].as_array().expect("tests").clone();
        let test = tests.into_iter().find(|test| test["name"] == name).expect("the test");
        test["failure"].as_str().map(ToOwned::to_owned)
    };
    for passes in
        ["testTime", "testMine", "testSigners", "testOracle", "testOracleFails", "testIsolated", "testIsolatedToo"]
    {
        assert_eq!(failure(&report, passes), None, "{passes}");
    }
    assert_eq!(failure(&report, "invariantPositive"), None);
    let small = failure(&report, "testSmall").expect("it fails");
    assert!(small.contains("the number is large") && small.contains("testSmall(number = 1000)"), "{small}");
    let invariant = failure(&report, "invariantSmall").expect("it fails");
    assert!(invariant.contains("flawed.add(number = 100), signed by"), "{invariant}");
    assert!(failure(&report, "testNoFault").expect("it fails").contains("a fault with \"whatever\" is expected"));
    assert!(failure(&report, "testFalse").expect("it fails").contains("it returns false"));

    // The seeds are kept, and tried before anything else.
    let seeds = folder.join("flawed_test.seeds/testSmall.txt");
    let kept = fs::read_to_string(&seeds).expect("seeds");
    assert_eq!(kept.lines().count(), 1, "{kept}");
    let one = ["--filter", "testSmall", "--exact", "--cases", "1"];
    let again = run(&one);
    assert!(failure(&again, "testSmall").expect("it fails").contains("number = 1000"));
    assert_eq!(fs::read_to_string(&seeds).expect("seeds"), kept);
    fs::remove_file(&seeds).expect("it is there");
    // One case alone is a small number with some seeds.
    let passes = |seed: u32| {
        let answer = neovm(&[&["test", text_of(&nef), "--json", "--seed", &seed.to_string()], &one[..]].concat());
        answer.code == 0
    };
    assert!((0..20).any(passes), "only the seeds had failed");
    neovm(&["test", text_of(&nef), "--cases", "0"]).fails(2, &["--cases", "0"]);
    neovm(&["test", text_of(&nef), "--depth", "0"]).fails(2, &["--depth", "0"]);

    // A seed that nobody gave is told, so that what failed can be made again.
    let seeds_of = || fs::remove_dir_all(folder.join("flawed_test.seeds"));
    seeds_of().expect("it is there");
    let small = ["test", text_of(&nef), "--filter", "testSmall", "--exact"];
    let answer = neovm(&small);
    let line = answer.out.lines().find(|line| line.contains(" Seed --seed ")).expect("the seed").to_owned();
    let seed = line.split_whitespace().nth(2).expect("a number");
    seeds_of().expect("it is there");
    let repeated = neovm(&[&small[..], &["--seed", seed]].concat());
    let found = |answer: &Answer| answer.out.lines().find(|line| line.starts_with("testSmall(")).map(ToOwned::to_owned);
    assert_eq!((found(&repeated), repeated.code), (found(&answer), 1), "{}", answer.out);
    assert_eq!(run(&[])["seed"], 3);
    assert!(!neovm(&["test", text_of(&nef), "--filter", "testFalse"]).out.contains("Seed"));

    // What invariants call is reported like everything else.
    let invariant = ["test", text_of(&nef), "--filter", "invariantPositive", "--exact", "--json"];
    let answer = neovm(&[&invariant[..], &["--gas-report", "--coverage"]].concat());
    let report: Value = serde_json::from_str(answer.ok()).expect("JSON");
    assert!(report["tests"][0]["calls"].to_string().contains("flawed.add\""), "{report}");
    assert!(report["coverage"].to_string().contains("flawed"), "{report}");
}

#[test]
fn oracles_answer_in_files_too() {
    let folder = folder("oracle");
    for file in ["flawed.nef", "flawed.manifest.json"] {
        fs::copy(PathBuf::from("../workbench/tests/data/suite").join(file), folder.join(file)).expect("a contract");
    }
    let path = folder.join("a.test.toml");
    let test = |oracle: &str, then: &str| {
        let text = format!(
            "accounts = [\"alice\"]\n[[contract]]\nnef = \"flawed.nef\"\n[[test]]\nname = \"asks\"\nsteps = [\n\
             {{ call = \"flawed.ask\", signers = [\"@alice\"] }},\n{{ oracle = {oracle} }},\n{then}\n]\n"
        );
        fs::write(&path, text).expect("a file");
        neovm(&["test", text_of(&path)])
    };
    let answered = "{ call = \"flawed.answer\", result = \"0x3432\" },\n{ mine = 2, after = \"1h\" },\n\
                    { call = \"flawed.now\", time = 1700000000000, result = 1700000000000 },\n\
                    { call = \"flawed.height\", result = 3 },";
    let answer = test("{ result = \"42\" }", answered);
    assert_eq!(answer.code, 0, "{}", answer.out);
    let faults = test("{ code = \"Timeout\" }", "");
    assert_eq!(faults.code, 1);
    holds(&faults, &["the answer faults", "the oracle failed", "a.test.toml:8:1"]);
}

/// The tests run again when a file changes.
#[test]
fn watching() {
    use std::{
        io::{BufRead, BufReader},
        process::{Command, Stdio},
    };
    let path =
        token_file("watch", "[[test]]\nname = \"it\"\nsteps = [{ call = \"token.symbol\", result = \"EXT\" }]\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_neovm"));
    let mut child =
        command.args(["test", text_of(&path), "--watch"]).stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut until = |word: &str| lines.find(|line| line.contains(word)).is_some_and(|line| line.contains(word));
    assert!(until("1 passed, 0 failed") && until("waiting for a change"));
    let text = fs::read_to_string(&path).expect("a file");
    fs::write(&path, text.replace("\"EXT\"", "\"NEO\"")).expect("a file");
    assert!(until("0 passed, 1 failed") && until("waiting for a change"));
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

#[test]
fn filters_choose() {
    let list = neovm(&["test", "contracts", "--list", "--filter", "wallet", "--filter", "hands over"]);
    assert!(list.ok().lines().all(|line| line.contains("wallet") || line.ends_with("hands over")), "{}", list.out);
    assert_eq!(list.out.lines().filter(|line| line.ends_with("the owner hands over")).count(), 1);
    let exact = neovm(&["test", "contracts/token.test.toml", "--exact", "--filter", "the owner mints"]);
    holds(&exact, &["Starting 1 test in 1 file (", "1 test run: 1 passed, 0 failed, "]);
    let none = neovm(&["test", "contracts/token.test.toml", "--filter", "nothing of the kind"]);
    assert_eq!(none.code, 1);
    holds(&none, &["0 tests run: 0 passed", "no test has what --filter wants"]);
    neovm(&["test", "contracts/README.md"]).fails(1, &["neither X.test.toml nor X.nef"]);
    neovm(&["test", "contracts/none.test.toml"]).fails(1, &["no such file"]);
    neovm(&["test", "../docs"]).fails(1, &["there are no tests in ../docs"]);
    let token = neovm(&["test", "contracts/token.nef"]);
    refused(&token, &["the contract has no method `test*`"]);
}

#[test]
fn names_of_contracts_may_have_dots() {
    let path = token_file("dots", "");
    for extension in ["nef", "manifest.json"] {
        fs::copy(
            path.with_file_name(format!("token.{extension}")),
            path.with_file_name(format!("my.token.{extension}")),
        )
        .expect("a copy");
    }
    // Another owner makes it another contract; a third one's name is what the second's begins with.
    let contracts = |second: &str, call: &str| {
        format!(
            r#"accounts = ["owner", "alice"]
[[contract]]
nef = "my.token.nef"
data = "@owner"
[[contract]]
nef = "token.nef"
name = "{second}"
data = "@owner"
signers = ["@alice"]
[[test]]
name = "it"
steps = [
  {{ call = "{call}", args = ["@alice", 5], signers = ["@owner"] }},
  {{ call = "my.token.balanceOf", args = ["@alice"], result = 5 }},
]
"#
        )
    };
    for second in ["my", "token", "my.token.mint"] {
        fs::write(&path, contracts(second, "my.token.mint")).expect("a file");
        neovm(&["test", text_of(&path)]).ok();
    }
    fs::write(&path, contracts("token", "my.tokem.mint")).expect("a file");
    let answer = neovm(&["test", text_of(&path)]);
    assert_eq!(answer.code, 1);
    holds(&answer, &["no contract is called `my.tokem`", "my.token"]);
}

#[test]
fn time_does_not_go_back() {
    let path = token_file(
        "time",
        "[[test]]\nname = \"it\"\nsteps = [\n{ mine = 1, time = 1700000000000 },\n{ mine = 1, time = 1700000000000 },\n]\n",
    );
    let answer = neovm(&["test", text_of(&path)]);
    assert_eq!(answer.code, 1);
    holds(&answer, &["the time 1700000000000 is not after that of the last block, 1700000000000"]);
    // Nor does it in a method.
    let folder = folder("time-method");
    let set = |time: u64| cheat_with("setTime", &[&[0x03][..], &time.to_le_bytes(), &[0x11]].concat());
    let signs_twice = [&pushed(&[1; 20])[..], &[0x4a, 0x12, 0xc0, 0x11]].concat();
    let back = [set(1_700_000_000_000), set(1_700_000_000_000), set(1_699_999_999_999), vec![0x40]].concat();
    let twice = [cheat_with("setSigners", &signs_twice), vec![0x40]].concat();
    let test = |name: &str, offset: usize| method(name, offset, json!([]), "Void");
    let methods = json!([test("testBack", 0), test("testTwice", back.len())]);
    let nef = write_contract(&folder, "a_test", &[back, twice].concat(), &methods);
    let answer = neovm(&["test", text_of(&nef)]);
    let words =
        ["the time 1699999999999 is before that of the block, 1700000000000", " signs twice", "0 passed, 2 failed"];
    holds(&answer, &words);
}

#[test]
fn the_demo_runs_unattended() {
    for args in [&["demo", "--yes"][..], &["demo"]] {
        let demo = neovm(args);
        let parts =
            ["1/6", "HALT with 150", "2/6", "times as fast", "3/6", "HALT with \"caught: out of paper\"", "4/6"];
        let more = ["deployed  ExampleToken", "transfer  signed by bob returns false", "5/6", "FAULT"];
        let evm = [
            "6/6",
            "success with 20, for 30 gas",
            "deployed  0x",
            "returns 1, for 22126 gas",
            "returns 2, for 5026 gas",
        ];
        demo.ok();
        holds(&demo, &[&parts[..], &more, &evm].concat());
        let sums = demo.out.matches("HALT with 499999500000, after 9000007 instructions").count();
        assert_eq!(sums, 2, "{}", demo.out);
    }
}

/// A manifest names methods and contracts as it likes.
#[test]
fn tests_stay_in_their_folder() {
    let folder = folder("stay");
    let inner = folder.join("inner");
    fs::create_dir_all(folder.join("inner/evil.seeds/test")).expect("a folder");
    let number = json!([{"name": "x", "type": "Integer"}]);
    let methods = json!([method("test/../../../out", 0, number.clone(), "Boolean")]);
    write_contract(&inner, "evil", AT_MOST_100, &methods);
    assert_eq!(neovm(&["test", text_of(&inner)]).code, 1);
    assert!(!folder.join("out.txt").exists() && !inner.join("out.txt").exists());
    assert!(inner.join("evil.seeds/test%2F%2E%2E%2F%2E%2E%2F%2E%2E%2Fout.txt").exists());

    // What was not written as seeds stays as it is.
    let methods = json!([method("testX", 0, number, "Boolean")]);
    let nef = write_contract(&folder, "plain", AT_MOST_100, &methods);
    let seeds = folder.join("plain.seeds/testX.txt");
    fs::create_dir_all(folder.join("plain.seeds")).expect("a folder");
    fs::write(&seeds, b"\xff no text").expect("a file");
    let answer = neovm(&["test", text_of(&nef)]);
    assert_eq!(answer.code, 1);
    holds(&answer, &["the kept seeds, ", "testX.txt: invalid utf-8"]);
    assert_eq!(fs::read(&seeds).expect("a file"), b"\xff no text");
    fs::write(&seeds, "# mine\n\nsome text # here\n").expect("a file");
    holds(&neovm(&["test", text_of(&nef)]), &["testX.txt: line 3 is no seed"]);
    #[cfg(unix)]
    {
        fs::remove_file(&seeds).expect("it is there");
        fs::write(folder.join("victim"), "mine\n").expect("a file");
        std::os::unix::fs::symlink("../victim", &seeds).expect("a link");
        let answer = neovm(&["test", text_of(&nef)]);
        assert_eq!(answer.code, 1);
        holds(&answer, &["testX.txt: it is a link"]);
        assert_eq!(fs::read_to_string(folder.join("victim")).expect("a file"), "mine\n");
    }

    for name in ["../plain", "/plain", "inner/../../plain"] {
        let nef =
            write_contract(&inner, "deploys", &cheat("deploy", name), &json!([method("testIt", 0, json!([]), "Void")]));
        holds(&neovm(&["test", text_of(&nef)]), &["is not the name of a contract in the folder of the test"]);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink("..", inner.join("up")).expect("a link");
        symlink("../plain.nef", inner.join("linked.nef")).expect("a link");
        for (name, link) in [("up/plain", "up"), ("linked", "linked.nef")] {
            let script = cheat("deploy", name);
            let nef = write_contract(&inner, "deploys", &script, &json!([method("testIt", 0, json!([]), "Void")]));
            holds(&neovm(&["test", text_of(&nef)]), &[&format!("inner/{link}: it is a link")]);
        }
    }
}

/// A test that is lost would be taken for one that passes.
#[test]
fn what_cannot_be_read_is_not_left_out() {
    let path = token_file("lost", "[[test]]\nname = \"it\"\nsteps = [{ call = \"token.symbol\" }]\n");
    let folder = path.parent().expect("a folder").to_owned();
    assert_eq!(neovm(&["test", text_of(&folder)]).code, 0);
    let nef = write_contract(&folder, "a_test", AT_MOST_100, &json!([]));
    let manifest = folder.join("a_test.manifest.json");
    fs::write(&manifest, "{").expect("a file");
    refused(&neovm(&["test", text_of(&folder)]), &["a_test.manifest.json", "1 passed"]);
    fs::remove_file(&manifest).expect("it is there");
    refused(&neovm(&["test", text_of(&folder)]), &["a_test.manifest.json"]);
    fs::write(&nef, "NEF3").expect("a file");
    refused(&neovm(&["test", text_of(&folder)]), &["a_test.nef"]);
    fs::remove_file(&nef).expect("it is there");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/dev/zero", &nef).expect("a link");
        refused(&neovm(&["test", text_of(&folder)]), &["a_test.nef: it is not a regular file"]);
    }
}

#[test]
fn more_entries_than_are_read_are_not_compared() {
    let call = |id: &[u8]| [&[0x41], id].concat();
    let context = call(&[0x9b, 0xf6, 0x67, 0xce]);
    let put = call(&[0xe6, 0x3f, 0x18, 0x84]);
    let find = call(&[0xdf, 0x30, 0xb8, 0x9a]);
    // Entries with the keys 3001 down to 2001.
    let body = [&[0x68, 0x68, 0x01, 0xd0, 0x07, 0x9e], &context[..], &put, &[0x68, 0x9d, 0x70, 0x68]].concat();
    let back = (body.len() as u8).wrapping_neg();
    let fill = [&[0x57, 1, 0, 0x01, 0xe9, 0x03, 0x70], &body[..], &[0x24, back, 0x40]].concat();
    let all = [&[0x14, 0x0c, 0x00], &context[..], &find, &[0x40]].concat();
    let methods =
        json!([method("fill", 0, json!([]), "Void"), method("all", fill.len(), json!([]), "InteropInterface"),]);
    let folder = folder("entries");
    write_contract(&folder, "many", &[fill, all].concat(), &methods);
    let path = folder.join("a.test.toml");
    let text = "[[contract]]\nnef = \"many.nef\"\n[[setup]]\ncall = \"many.fill\"\n[[test]]\nname = \"it\"\n\
                steps = [{ call = \"many.all\" }, { call = \"many.all\", result = [] }]\n";
    fs::write(&path, text).expect("a file");
    let answer = neovm(&["test", text_of(&path)]);
    assert_eq!(answer.code, 1);
    holds(&answer, &["the iterator has more than 1000 entries, which are not compared"]);
}

/// Ctrl-C ends what runs, and what was stopped has not failed.
#[cfg(unix)]
#[test]
fn ctrl_c_is_no_failure() {
    use std::{
        process::{Command, Stdio},
        time::{Duration, Instant},
    };
    let folder = folder("ctrl_c");
    let number = json!([{"name": "x", "type": "Integer"}]);
    // A loop without an end, and nothing else.
    let spins = json!([method("testSpins", 0, number, "Void")]);
    write_contract(&folder, "fuzz", &[0x22, 0x00], &spins);
    // An invariant whose calls do not end.
    let setup = cheat("deploy", "spin");
    let methods =
        json!([method("setUp", 0, json!([]), "Void"), method("invariantX", setup.len(), json!([]), "Boolean"),]);
    write_contract(&folder, "inv_test", &[setup, vec![0x08, 0x40]].concat(), &methods);
    write_contract(&folder, "spin", &[0x22, 0x00], &json!([method("spin", 0, json!([]), "Void")]));
    // A deployment, a setUp and a setup that do not end.
    for (file, name, parameters) in [
        ("deploys", "_deploy", json!([{"name": "d", "type": "Any"}, {"name": "u", "type": "Boolean"}])),
        ("sets_up", "setUp", json!([])),
    ] {
        let methods = json!([method(name, 0, parameters, "Void"), method("testIt", 2, json!([]), "Void")]);
        write_contract(&folder, file, &[0x22, 0x00, 0x40], &methods);
    }
    for file in ["fuzz.nef", "inv_test.nef", "deploys.nef", "sets_up.nef"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neovm"));
        command.arg("test").arg(folder.join(file)).args(["--cases", "100000"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        // The gas of a deployment and of setUp bounds them, too.
        let is_bounded = matches!(file, "deploys.nef" | "sets_up.nef");
        std::thread::sleep(Duration::from_millis(if is_bounded { 200 } else { 1500 }));
        let begun = Instant::now();
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
        let answer = Answer::from(child.wait_with_output().expect("it ends"));
        assert_eq!(answer.code, 130, "{file}: {}", answer.out);
        assert!(!answer.out.contains("FAIL") && answer.err.contains("stopped by Ctrl-C"), "{}", answer.out);
        assert!(begun.elapsed() < Duration::from_secs(10), "{file}: {:?}", begun.elapsed());
    }
    assert!(!folder.join("fuzz.seeds").exists());
}
