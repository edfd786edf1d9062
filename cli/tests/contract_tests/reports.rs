//! What is reported besides the outcome: gas, coverage, and files for other tools.

use std::fs;

use crate::{FLAWED, common::neovm, folder, holds, text_of, token_file};

#[test]
fn gas_is_reported_and_compared() {
    let folder = folder("gas");
    let snapshot = folder.join("gas.txt");
    let run = |more: &[&str]| {
        let call = ["test", "contracts/token.test.toml", "--gas-snapshot", text_of(&snapshot)];
        neovm(&[&call[..], more].concat())
    };
    let first = run(&["--gas-report"]);
    let row = first.ok().lines().find(|line| line.ends_with("ExampleToken.transfer")).expect("a row").to_owned();
    let numbers: Vec<u64> = row.split_whitespace().take(4).map(|word| word.parse().expect("a number")).collect();
    assert!(numbers[0] <= numbers[1] && numbers[1] <= numbers[2] && numbers[3] >= 8, "{row}");
    let written = fs::read_to_string(&snapshot).expect("a snapshot");
    assert_eq!(run(&[]).code, 0, "nothing has changed");
    // However the file is named, its tests are the same.
    let absolute = fs::canonicalize("../examples/contracts/token.test.toml").expect("the example");
    for path in ["./contracts/../contracts/token.test.toml", text_of(&absolute)] {
        assert_eq!(
            neovm(&["test", path, "--gas-snapshot", text_of(&snapshot)]).ok().matches("GAS  ").count(),
            0,
            "{path}"
        );
    }
    // A test that is gone is told of, and so is one whose file is gone; a file that was not asked for is not.
    let gone = "           5  no.test.toml  it\n";
    let (file, _) =
        written.lines().next().and_then(|line| line.trim().split_once("  ")?.1.split_once("  ")).expect("a file");
    let renamed = format!("           5  {file}  no such test\n");
    let other = format!("           5  {}  it\n", file.replace("token", "pool"));
    fs::write(&snapshot, written.clone() + gone + &renamed + &other).expect("a file");
    let drift = run(&[]);
    assert_eq!(drift.code, 1);
    let absent = |test: &str| format!("{test}: there is no such test any more");
    holds(&drift, &[&absent("no.test.toml  it"), &absent(&format!("{file}  no such test"))]);
    assert_eq!(drift.out.matches("any more").count(), 2, "{}", drift.out);
    fs::write(&snapshot, &written).expect("a file");
    let line = written.lines().find(|line| line.ends_with("the owner mints")).expect("a line");
    let gas: u64 = line.split_whitespace().next().expect("a number").parse().expect("a number");
    fs::write(&snapshot, written.replace(&gas.to_string(), &(gas + 100).to_string())).expect("a file");
    let drift = run(&[]);
    assert_eq!(drift.code, 1);
    holds(&drift, &[&format!("the owner mints: {} -> {gas} datoshi (-0.00 %)", gas + 100)]);
    assert_eq!(run(&["--update"]).code, 0);
    assert_eq!(fs::read_to_string(&snapshot).expect("a snapshot"), written);
    // What a filter leaves out stays.
    let other = format!("{:>12}  another test\n", 5);
    fs::write(&snapshot, written.clone() + &other).expect("a file");
    assert_eq!(run(&["--update", "--filter", "the owner mints"]).code, 0);
    let kept = fs::read_to_string(&snapshot).expect("a snapshot");
    assert!(kept.contains(&other) && kept.lines().count() == written.lines().count() + 1, "{kept}");
    // What is no snapshot is told before a test runs.
    for (bad, words) in [
        (&b"many  x\n"[..], "gas.txt, line 1: a number, two spaces and a test are expected"),
        (b"\xff\xfe", "gas.txt is no gas snapshot: it is not UTF-8"),
    ] {
        fs::write(&snapshot, bad).expect("a file");
        run(&[]).fails(1, &[words]);
    }
}

#[test]
fn reports_for_other_tools() {
    let folder = folder("reports");
    let (xml, lcov) = (folder.join("junit.xml"), folder.join("lcov.info"));
    let call = ["test", FLAWED, "contracts/token.test.toml", "--filter", "testNoFault", "--filter", "owner mints"];
    let answer = neovm(&[&call[..], &["--junit", text_of(&xml), "--lcov", text_of(&lcov), "--coverage"]].concat());
    assert_eq!(answer.code, 1);
    holds(&answer, &["\nExampleToken\nlines ", "  mint\n"]);
    let xml = fs::read_to_string(xml).expect("a report");
    assert!(xml.starts_with(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"neovm test\" tests=\"2\" failures=\"1\""
    ));
    assert!(
        xml.contains("<failure message=\"error: it halts, although a fault with &quot;whatever&quot; is expected\">"),
        "{xml}"
    );
    assert_eq!(xml.matches("<testcase ").count(), 2);
    let lcov = fs::read_to_string(lcov).expect("a report");
    assert!(lcov.contains("SF:token.py") && lcov.contains("end_of_record"), "{lcov}");
}

/// The coverage of a function of the token, worked out by hand: four calls, of which two leave nothing.
#[test]
fn coverage_is_what_one_counts_by_hand() {
    let by = |who: &str| format!("signers = [\"@{who}\"]");
    let steps = [
        // add(alice, 5): she had nothing, and has 5.
        format!("{{ call = \"token.mint\", args = [\"@alice\", 5], {} }},", by("owner")),
        // add(alice, -5) leaves nothing, add(owner, 5) is the owner's first.
        format!("{{ call = \"token.transfer\", args = [\"@alice\", \"@owner\", 5, \"null\"], {} }},", by("alice")),
        // add(owner, -5) leaves nothing.
        format!("{{ call = \"token.burn\", args = [\"@owner\", 5], {} }},", by("owner")),
    ];
    let path = token_file("by_hand", &format!("[[test]]\nname = \"it\"\nsteps = [\n{}\n]\n", steps.join("\n")));
    let lcov = path.with_file_name("lcov.info");
    neovm(&["test", text_of(&path), "--lcov", text_of(&lcov)]).ok();
    let lcov = fs::read_to_string(lcov).expect("a report");
    let source = fs::read_to_string("../examples/contracts/token.py").expect("the source");
    let start = source.lines().position(|line| line.starts_with("def add(")).expect("the function");
    let line_of = |text: &str| start + 1 + source.lines().skip(start).position(|line| line.trim() == text).expect(text);
    let balance = line_of("balance = storage.get_int(BALANCE + account) + amount");
    let condition = line_of("if balance == 0:");
    let expected = [
        ("FNDA:4,add".into(), true),
        (format!("DA:{balance},4"), true),
        (format!("DA:{condition},4"), true),
        (format!("DA:{},2", line_of("storage.delete(BALANCE + account)")), true),
        (format!("DA:{},2", line_of("storage.put_int(BALANCE + account, balance)")), true),
        // get_int: twice there is no entry, and twice there is one; then both ways of the `if`, twice each.
        (format!("BRDA:{balance},0,0,2"), true),
        (format!("BRDA:{balance},0,1,2"), true),
        (format!("BRDA:{condition},0,0,2"), true),
        (format!("BRDA:{condition},0,1,2"), true),
        // There is no third way.
        (format!("BRDA:{condition},1,"), false),
        (format!("BRDA:{balance},1,"), false),
    ];
    for (line, is_there) in expected {
        let found = lcov.lines().any(|known| if is_there { known == line } else { known.starts_with(&line) });
        assert_eq!(found, is_there, "{line} in\n{lcov}");
    }
}

/// What makes the command fail is in the report.
#[test]
fn a_report_tells_everything() {
    let path =
        token_file("everything", "[[test]]\nname = \"two\\nlines \\uFFFF\"\nsteps = [{ call = \"token.symbol\" }]\n");
    let folder = path.parent().expect("a folder");
    let (xml, gas) = (folder.join("junit.xml"), folder.join("gas.txt"));
    let call = ["test", text_of(folder), "--junit", text_of(&xml), "--gas-snapshot", text_of(&gas)];
    assert_eq!((neovm(&call).code, neovm(&call).code), (0, 0));
    let snapshot = fs::read_to_string(&gas).expect("a snapshot");
    let before = snapshot.split_whitespace().next().expect("a number");
    fs::write(&gas, snapshot.replacen(before, "5", 1)).expect("a file");
    fs::write(folder.join("b.test.toml"), "").expect("a file");
    assert_eq!(neovm(&call).code, 1);
    let xml = fs::read_to_string(xml).expect("a report");
    assert!(xml.contains("tests=\"3\" failures=\"1\" errors=\"1\""), "{xml}");
    assert!(xml.contains("b.test.toml") && xml.contains("<failure message=") && xml.contains(" datoshi ("), "{xml}");
    assert!(!xml.contains('\u{ffff}'), "{xml}");
}
