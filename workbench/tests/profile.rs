//! Profiles and coverage of a contract of neo3-boa, with lines checked by hand.

mod common;

use std::{cell::RefCell, sync::Arc};

use common::{call, chain, owner, watch};
use neovm::{
    Chain, Hash160, Receipt, Script,
    types::{Manifest, NefFile},
};
use neovm_workbench::{Coverage, CoverageRecorder, DebugInfo, Measure, Profile, Row, Scripts, Share};

const NEF: &[u8] = include_bytes!("data/classify.nef");
const MANIFEST: &[u8] = include_bytes!("data/classify.manifest.json");
const DEBUG: &[u8] = include_bytes!("data/classify.nefdbgnfo");

fn info() -> Arc<DebugInfo> {
    Arc::new(DebugInfo::read(DEBUG).expect("debug information"))
}

fn script() -> Script {
    NefFile::parse(NEF).expect("a NEF file").script
}

fn world() -> (Chain, Hash160) {
    let mut chain = chain();
    let owner = owner(&chain);
    let contract = chain.deploy(owner, NEF, MANIFEST).expect("deployed");
    let hash = contract.state().hash;
    (chain, hash)
}

fn profile(method: &str, arguments: Vec<neovm::StackItem>, with_time: bool) -> (Profile, Receipt) {
    let (chain, contract) = world();
    let mut scripts = Scripts::default();
    scripts.add_debug_info(&script(), info());
    let profile = RefCell::new(Profile::new(scripts, with_time));
    let receipt = watch(
        &chain,
        &call(&chain, contract, method, arguments),
        |execution| profile.borrow_mut().watch(execution),
        |execution, _| profile.borrow_mut().watch(execution),
    );
    (profile.into_inner(), receipt)
}

fn instructions(rows: &[Row], name: &str) -> u64 {
    rows.iter().find(|row| row.name == name).map_or(0, |row| row.own.instructions)
}

#[test]
fn each_instruction_is_counted_once() {
    let (profile, receipt) = profile("classify", vec![6.into()], false);
    let total = profile.total();
    assert_eq!(total.gas, receipt.gas_consumed);
    for rows in [profile.opcodes(), profile.methods(), profile.contracts()] {
        assert_eq!(rows.iter().map(|row| row.own.instructions).sum::<u64>(), total.instructions);
        let gas = rows.iter().fold(neovm::Gas::ZERO, |sum, row| sum.saturating_add(row.own.gas));
        assert_eq!(gas, receipt.gas_consumed);
    }
    let methods = profile.methods();
    let entry = methods.iter().find(|row| row.name == "entry script").expect("the script");
    assert_eq!(entry.total, total);
    assert_eq!(instructions(&methods, "classify.classify"), instructions(&profile.contracts(), "classify"));
    // Six turns of the loop, and the comparison that ends it: four instructions.
    assert_eq!(instructions(&profile.lines(), "classify.py:9"), 7 * 4);
    // total += i for 0 and 3; and the JMP behind it.
    assert_eq!(instructions(&profile.lines(), "classify.py:11"), 2 * 5);
    assert_eq!(instructions(&profile.lines(), "classify.py:13"), 4 * 4);
    assert_eq!(instructions(&profile.lines(), "classify.py:16"), 0);
}

#[test]
fn stacks_are_folded() {
    let (profile, receipt) = profile("keep", vec![vec![1u8].into(), 5.into()], false);
    assert!(receipt.halted(), "{:?}", receipt.fault);
    let folded = profile.folded(Measure::Instructions);
    let lines: Vec<&str> = folded.lines().map(|line| line.rsplit_once(' ').expect("an amount").0).collect();
    assert_eq!(lines, ["entry script", "entry script;classify.keep"]);
    let sum: u64 =
        folded.lines().map(|line| line.rsplit_once(' ').expect("an amount").1.parse::<u64>().expect("a number")).sum();
    assert_eq!(sum, profile.total().instructions);
    let svg = profile.flame(Measure::Gas);
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert_eq!(svg.matches("<rect x=").count(), 2);
    assert!(svg.contains("<title>classify.keep: "), "{svg}");
}

#[test]
fn time_is_measured_if_that_is_asked_for() {
    assert_eq!(profile("classify", vec![6.into()], false).0.total().nanoseconds, 0);
    assert!(profile("classify", vec![6.into()], true).0.total().nanoseconds > 0);
}

fn new_coverage() -> Coverage {
    let manifest = Manifest::parse(MANIFEST).expect("a manifest");
    Coverage::new(manifest.name, script(), &manifest.abi.methods, Some(info()))
}

fn coverage(n: i64) -> Coverage {
    let (chain, contract) = world();
    let recorder = RefCell::new(Some(CoverageRecorder::new(contract, new_coverage())));
    let mut coverage = None;
    watch(
        &chain,
        &call(&chain, contract, "classify", vec![n.into()]),
        |execution| recorder.borrow_mut().iter_mut().for_each(|recorder| recorder.watch(execution)),
        |execution, _| coverage = recorder.take().map(|recorder| recorder.finish(execution)),
    );
    coverage.expect("it ended")
}

#[test]
fn lines_and_branches_are_those_that_ran() {
    let coverage = coverage(6);
    let lines = coverage.lines(0);
    // By hand: six turns, of which those for 0 and 3 add; the sum is at most 100.
    let hits: Vec<(u32, u64)> = lines.iter().map(|(line, it)| (*line, it.hits)).take(10).collect();
    assert_eq!(hits, [(7, 1), (8, 1), (9, 7), (10, 6), (11, 2), (13, 4), (14, 6), (15, 1), (16, 0), (17, 1)]);
    assert_eq!(lines[&9].branches, [(52, 6, 1)], "the jump back, and the end of the loop");
    // i % 3: no number is negative, so that the sign is never corrected.
    assert_eq!(lines[&10].branches, [(25, 6, 0), (33, 4, 2)]);
    assert_eq!(lines[&15].branches, [(58, 1, 0)]);
    // Of 16 ways in both methods: two of 52, one of 25, two of 33, one of 58; none of 71.
    assert_eq!(coverage.branch_share(), Share { covered: 6, all: 10 });
    assert_eq!(coverage.line_share(), Share { covered: 9, all: 14 });
    assert_eq!(coverage.method_share(), Share { covered: 1, all: 2 });
    let [classify, keep] = &coverage.methods()[..] else { panic!("two methods") };
    assert_eq!((classify.calls, keep.calls, keep.instructions.covered), (1, 0, 0));
    assert_eq!(classify.branches, Share { covered: 6, all: 8 });
}

#[test]
fn runs_are_merged_through_files() {
    let (few, many) = (coverage(6), coverage(100));
    let mut merged = new_coverage();
    for one in [&few, &many] {
        merged.merge_file(one.to_file().as_bytes()).expect("a file");
    }
    assert_eq!(merged.lines(0)[&16].hits, 1);
    assert_eq!(merged.lines(0)[&9].hits, 7 + 101);
    assert_eq!(merged.lines(0)[&15].branches, [(58, 1, 1)]);
    let mut other = Coverage::new("other".into(), Script::from(&[0x40][..]), &[], None);
    let error = other.merge_file(few.to_file().as_bytes()).expect_err("another script");
    assert!(error.to_string().contains("belongs to another script, classify"), "{error}");
    let far = few.to_file().replace("\"hits\":[[0,", "\"hits\":[[5000,");
    assert_eq!(
        merged.merge_file(far.as_bytes()).expect_err("too far").to_string(),
        "position 5000 is behind the script"
    );
    assert!(merged.merge_file(b"{").is_err());
}

#[test]
fn lcov_says_the_same() {
    let lcov = coverage(6).lcov();
    let lines: Vec<&str> = lcov.lines().collect();
    assert_eq!(
        lines[..6],
        [
            "TN:classify",
            "SF:/tmp/contract/classify.py",
            "FN:7,classify",
            "FN:22,keep",
            "FNDA:1,classify",
            "FNDA:0,keep"
        ]
    );
    for line in [
        "DA:9,7",
        "DA:16,0",
        "BRDA:9,0,0,6",
        "BRDA:9,0,1,1",
        "BRDA:10,0,1,0",
        "BRDA:22,0,0,-",
        "BRF:10",
        "BRH:6",
        "LF:14",
        "LH:9",
    ] {
        assert!(lines.contains(&line), "{line} is missing in {lcov}");
    }
    assert_eq!(lines.last(), Some(&"end_of_record"));
}

#[test]
fn lcov_has_paths_and_names_as_they_are() {
    let lcov = |path: &str, name: &str| {
        let mut info = DebugInfo::read(DEBUG).expect("debug information");
        info.documents[0] = path.into();
        info.methods[0].name = name.into();
        Coverage::new("it".into(), script(), &[], Some(Arc::new(info))).lcov()
    };
    let text = lcov(r"C:\O'Brien\x\Größe.cs", "it's");
    assert!(text.contains("\nSF:C:\\O'Brien\\x\\Größe.cs\nFN:7,it's\n"), "{text}");
    assert!(text.contains("\nFNDA:0,it's\n"), "{text}");
    // The format has no room for line breaks.
    let text = lcov("a\nSF:b\r.py", "x");
    assert!(text.contains("\nSF:a\\nSF:b\\r.py\nFN:7,x\n"), "{text}");
}

#[test]
fn the_page_holds_sources_and_instructions() {
    let page = coverage(6).html(&[Some("\n".repeat(8) + "    while i < n:\n")]);
    assert!(page.contains("<span class=\"hit\"><i>9</i><i class=\"hits\">7</i>    while i &lt; n:</span>"), "{page}");
    assert!(page.contains("JMPIFNOT L0063  always jumps"), "{page}");
    assert!(!page.contains("{{"));
}
