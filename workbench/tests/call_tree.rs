//! Call trees of contracts that call each other, throw and fault.

mod common;

use anstyle::{AnsiColor, Style};
use common::{call, chain, deploy, watch};
use neovm::{
    Chain, Gas, Receipt,
    host::{Invocation, native::NATIVES},
};
use neovm_workbench::{CallTree, CallTreeColours, Ended, Step};

/// Stores its argument, throws if it is 1, and returns 7.
const INNER: &str = r#"
        INITSLOT 0, 1
        LDARG0
        PUSHDATA1 "k"
        SYSCALL System.Storage.GetContext
        SYSCALL System.Storage.Put
        LDARG0
        PUSH1
        JMPNE good
        PUSHDATA1 "no"
        THROW
good:   PUSH7
        RET
"#;

/// Calls `main` of a contract with 1, catches what it throws, calls it with 2, and
/// returns what that returns.
const OUTER: &str = r#"
        INITSSLOT 1
        STSFLD0
        TRY caught, -
        PUSH1
        CALL inner
        DROP
        ENDTRY after
caught: DROP
        ENDTRY after
after:  PUSH2
        CALL inner
        RET
inner:  PUSH1
        PACK
        PUSH15
        PUSHDATA1 "main"
        LDSFLD0
        SYSCALL System.Contract.Call
        RET
"#;

fn tree(chain: &Chain, invocation: &Invocation) -> (CallTree, Receipt) {
    let tree = std::cell::RefCell::new(CallTree::default());
    let receipt = watch(
        chain,
        invocation,
        |execution| tree.borrow_mut().watch(execution),
        |execution, outcome| tree.borrow_mut().finish(execution, outcome),
    );
    (tree.into_inner(), receipt)
}

/// The lines of the tree without the gas.
fn lines(tree: &CallTree) -> Vec<String> {
    let text = tree.text(None).to_string();
    let without_gas = |line: &str| match (line.find('['), line.find("] ")) {
        (Some(start), Some(end)) if line[start + 1..].starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{}{}", &line[..start], &line[end + 2..])
        }
        _ => line.into(),
    };
    text.lines().map(without_gas).collect()
}

/// What the calls consumed themselves is what the execution consumed.
#[track_caller]
fn check_gas(tree: &CallTree, receipt: &Receipt) {
    let sum = tree.calls().iter().fold(Gas::ZERO, |sum, call| sum.saturating_add(call.own_gas));
    assert_eq!(sum, receipt.gas_consumed);
    assert_eq!(tree.calls()[0].total_gas, receipt.gas_consumed);
}

#[test]
fn an_exception_takes_back_what_the_call_changed() {
    let mut chain = chain();
    let inner = deploy(&mut chain, ["inner", "main"], INNER, &["Integer"], "Integer");
    let outer = deploy(&mut chain, ["outer", "main"], OUTER, &["Hash160"], "Integer");
    let (tree, receipt) = tree(&chain, &call(&chain, outer, "main", vec![inner.into()]));
    assert!(receipt.halted(), "{:?}", receipt.fault);
    let expected = [
        "entry script".into(),
        format!("├─ outer.main(p0 = {inner})"),
        "│  ├─ inner.main(p0 = 1)".into(),
        "│  │  └─ throws \"no\"".into(),
        "│  ├─ inner.main(p0 = 2)".into(),
        "│  │  ├─ storage 0x6b: added 0x02".into(),
        "│  │  └─ returns 7".into(),
        "│  └─ returns 7".into(),
        "└─ returns 7".into(),
    ];
    assert_eq!(lines(&tree), expected);
    check_gas(&tree, &receipt);
    assert_eq!(tree.calls()[2].instructions, 10);
}

#[test]
fn a_fault_is_shown_where_it_happened() {
    let mut chain = chain();
    let inner = deploy(&mut chain, ["inner", "main"], INNER, &["Integer"], "Integer");
    let invocation = call(&chain, inner, "main", vec![2.into()]).with_gas(1_100_000);
    let (tree, receipt) = tree(&chain, &invocation);
    assert!(!receipt.halted());
    let expected =
        ["entry script", "├─ inner.main(p0 = 2)", "│  └─ faults: Insufficient GAS.", "└─ faults"].map(String::from);
    assert_eq!(lines(&tree), expected);
    check_gas(&tree, &receipt);
}

#[test]
fn a_native_contract_calls_a_contract() {
    let mut chain = chain();
    let text = "INITSLOT 0, 3\n PUSHDATA1 \"got\"\n SYSCALL System.Runtime.Log\n RET";
    let receiver = deploy(&mut chain, ["receiver", "onNEP17Payment"], text, &["Hash160", "Integer", "Any"], "Void");
    let gas = NATIVES.into_iter().find(|native| native.name == "GasToken").expect("GAS").hash;
    let owner = common::owner(&chain).account;
    let arguments = vec![owner.into(), receiver.into(), 5.into(), "why".into()];
    let (tree, receipt) = tree(&chain, &call(&chain, gas, "transfer", arguments));
    assert!(receipt.halted(), "{:?}", receipt.fault);
    check_gas(&tree, &receipt);
    let lines = lines(&tree);
    let inner: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("│  ")).collect();
    assert_eq!(lines[1], format!("├─ GasToken.transfer(from = {owner}, to = {receiver}, amount = 5, data = \"why\")"));
    assert_eq!(inner[0], format!("├─ event Transfer(from = {owner}, to = {receiver}, amount = 5)"));
    assert_eq!(inner[1], format!("├─ receiver.onNEP17Payment(p0 = {owner}, p1 = 5, p2 = \"why\")"));
    assert_eq!(inner[2..4], ["│  ├─ log \"got\"", "│  └─ returns"]);
    // The balances of both are written by GAS alone.
    assert_eq!(inner[4..].iter().filter(|line| line.starts_with("├─ storage 0x14")).count(), 2);
    let is_change = |step: &Step| matches!(step, Step::Change(_));
    assert!(tree.calls()[2].steps.iter().all(|step| !is_change(step)));
    assert_eq!(tree.calls()[2].ended, Ended::Returned(Vec::new()));
}

#[test]
fn lines_are_cut_off_at_the_width() {
    let mut chain = chain();
    let inner = deploy(&mut chain, ["inner", "main"], INNER, &["Integer"], "Integer");
    let (tree, _) = tree(&chain, &call(&chain, inner, "main", vec![2.into()]));
    let text = tree.text(Some(20)).to_string();
    assert!(text.lines().all(|line| line.chars().count() <= 20), "{text}");
    assert!(text.contains("..."), "{text}");
}

#[test]
fn colours_change_nothing_but_colours() {
    let mut chain = chain();
    let inner = deploy(&mut chain, ["inner", "main"], INNER, &["Integer"], "Integer");
    let outer = deploy(&mut chain, ["outer", "main"], OUTER, &["Hash160"], "Integer");
    let (tree, _) = tree(&chain, &call(&chain, outer, "main", vec![inner.into()]));
    let red = Style::new().fg_color(Some(AnsiColor::Red.into()));
    let colours =
        CallTreeColours { dim: Style::new().dimmed(), storage: red.underline(), bad: red, ..Default::default() };
    for width in [None, Some(0), Some(3), Some(20), Some(45)] {
        let coloured = tree.text(width).coloured(colours).to_string();
        let parts = coloured.split('\u{1b}').enumerate();
        let plain: String =
            parts.map(|(i, part)| if i == 0 { part } else { part.split_once('m').expect("a colour").1 }).collect();
        assert_eq!(plain, tree.text(width).to_string());
    }
    let coloured = tree.text(None).coloured(colours).to_string();
    assert!(coloured.contains(&format!("{red}throws{red:#} ")), "{coloured}");
}

#[test]
fn the_json_form_has_the_same_content() {
    let mut chain = chain();
    let inner = deploy(&mut chain, ["inner", "main"], INNER, &["Integer"], "Integer");
    let (tree, receipt) = tree(&chain, &call(&chain, inner, "main", vec![2.into()]));
    let json = tree.json();
    let root = &json[0];
    assert_eq!(root["name"], "entry script");
    assert_eq!(root["gas"], receipt.gas_consumed.datoshi_ceil().to_string());
    let call = &root["steps"][0]["call"];
    assert_eq!(call["contract"], inner.to_string());
    assert_eq!(call["arguments"], serde_json::json!([{"name": "p0", "type": "Integer", "value": "2"}]));
    assert_eq!(call["steps"], serde_json::json!([{"storage": {"key": "6b", "old": null, "new": "02"}}]));
    assert_eq!(call["end"], serde_json::json!({"returns": [{"type": "Integer", "value": "7"}]}));
}
