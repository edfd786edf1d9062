//! The table of methods, and the page that derives from it.

use std::fs;

use neovm_rpc::{METHODS, Method, reference};

#[test]
fn methods_are_found_by_their_names() {
    assert!(METHODS.is_sorted_by(|a, b| a.name < b.name), "the table is in order, and no name occurs twice");
    for method in METHODS {
        assert_eq!(Method::find(method.name).map(|found| found.name), Some(method.name));
        assert!(method.parameters.is_sorted_by_key(|parameter| !parameter.is_required), "{}", method.name);
        assert!(method.doc.trim().ends_with('.'), "{}", method.name);
    }
    assert!(Method::find("getBlock").is_none());
}

/// After a change to the table: `NEOVM_BLESS=1 cargo test -p neovm-rpc --test methods`.
#[test]
fn the_page_is_current() {
    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rpc.md");
    const MARKS: [&str; 2] = ["<!-- methods: made from the table in rpc/src/methods.rs -->\n", "<!-- end -->\n"];
    let page = fs::read_to_string(PAGE).expect("docs/rpc.md");
    let (before, rest) = page.split_once(MARKS[0]).expect("a mark");
    let (_, after) = rest.split_once(MARKS[1]).expect("another mark");
    let current = [before, MARKS[0], &reference(), MARKS[1], after].concat();
    if std::env::var_os("NEOVM_BLESS").is_some() {
        fs::write(PAGE, &current).expect("docs/rpc.md");
    }
    assert!(page == current || std::env::var_os("NEOVM_BLESS").is_some(), "docs/rpc.md is out of date");
}
