//! State roots of recorded chains: twelve of neo-go's history, each under four
//! schedules of hardforks, and the genesis blocks of the public networks.

mod recorded;

use std::path::Path;

use neovm_host::{ProtocolSettings, genesis_block};
use neovm_node::verify::VerifyLevel;
use recorded::{ENGINES, blocks, data, lines, roots, settings, shared};
use serde_json::Value as Json;

/// The configurations: no hardforks, and three schedules.
const SCHEDULES: [&str; 4] = ["none", "ech5", "ech13", "faun8"];

/// Checks the state roots of all chains in a folder under all schedules; returns how many roots that were.
fn check(folder: &Path) -> usize {
    let schedules = SCHEDULES.map(|name| (name, folder.join(format!("config-{name}.json"))));
    let schedules: Vec<_> = schedules.iter().filter(|(_, path)| path.exists()).collect();
    let mut count = 0;
    for line in lines(&folder.join("roots.jsonl")) {
        let file = line["file"].as_str().unwrap();
        let (name, settings) = schedules
            .iter()
            .map(|(name, path)| (name, settings(path)))
            .find(|(_, settings)| hardforks(settings, &line["hardforks"]))
            .unwrap_or_else(|| panic!("no configuration has the hardforks {}", line["hardforks"]));
        let expected: Vec<&str> = line["roots"].as_array().unwrap().iter().map(|root| root.as_str().unwrap()).collect();
        let blocks = blocks(&folder.join(file), &settings);
        for engine in ENGINES {
            let roots = roots(&settings, &blocks, VerifyLevel::Headers, engine);
            assert_eq!(roots, expected, "{file} under {name}, {engine:?}");
        }
        count += expected.len();
    }
    count
}

/// Whether settings have just these hardforks, apart from heights that no chain reaches.
fn hardforks(settings: &ProtocolSettings, named: &Json) -> bool {
    let height = |name: &str| named[name].as_u64();
    let real = |height: u32| (height < 1_000_000).then_some(u64::from(height));
    neovm_types::Hardfork::ALL[1..]
        .iter()
        .all(|hardfork| settings.hardforks.height(*hardfork).and_then(real) == height(hardfork.name()))
}

#[test]
fn a_share_of_the_chains() {
    assert_eq!(check(&data("chains")), 24);
}

#[test]
fn all_chains() {
    if let Some(folder) = shared("chains") {
        assert_eq!(check(&folder), 1116);
    }
}

#[test]
fn genesis_roots() {
    let networks = [
        (ProtocolSettings::mainnet(), "0x58a5157b7e99eeabf631291f1747ec8eb12ab89461cda888492b17a301de81e8"),
        (ProtocolSettings::testnet(), "0x62fd8ff9b0543aea352257db5b00bbb01d1bc0d2cc665e1f24cf5de0d16ebc7b"),
    ];
    for (settings, root) in networks {
        let genesis = genesis_block(&settings).unwrap();
        for engine in ENGINES {
            assert_eq!(roots(&settings, std::slice::from_ref(&genesis), VerifyLevel::Full, engine), [root]);
        }
    }
}
