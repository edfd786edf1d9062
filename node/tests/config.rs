//! Configurations in the forms of the reference node and of neo-go.

use std::fs;

use neovm_host::{HardforkHeights, PolicyAtEchidna, ProtocolSettings};
use neovm_node::config::{from_csharp, from_neogo, load, to_csharp};
use neovm_testing::{data, say, shared};
use neovm_types::Hardfork;
use proptest::{collection::vec, prelude::*};

const KEY: &str = "02b3622bf4017bdfe317c58aed5f4c753f206b7db896046fa7d774bbc4bf7f8dc2";

/// A section of config.json with a committee, and further members.
fn csharp_text(members: &str) -> String {
    format!(r#"{{"ProtocolConfiguration":{{"ValidatorsCount":1,"StandbyCommittee":["{KEY}"]{members}}}}}"#)
}

/// A section of neo-go with a committee, and further lines.
fn neogo_text(lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("ProtocolConfiguration:\n  ValidatorsCount: 1\n  StandbyCommittee:\n  - {KEY}\n{lines}")
}

fn csharp(members: &str) -> ProtocolSettings {
    from_csharp(&csharp_text(members)).unwrap()
}

fn neogo(lines: &[&str]) -> ProtocolSettings {
    from_neogo(&neogo_text(lines)).unwrap()
}

fn csharp_error(members: &str) -> String {
    from_csharp(&csharp_text(members)).unwrap_err().to_string()
}

fn neogo_error(lines: &[&str]) -> String {
    from_neogo(&neogo_text(lines)).unwrap_err().to_string()
}

#[test]
fn what_the_reference_assumes() {
    let expected = ProtocolSettings {
        network: 0,
        address_version: 53,
        standby_committee: vec![KEY.parse().unwrap()],
        validators_count: 1,
        milliseconds_per_block: 15_000,
        max_transactions_per_block: 512,
        memory_pool_max_transactions: 50_000,
        max_valid_until_block_increment: 5760,
        max_traceable_blocks: 2_102_400,
        initial_gas_distribution: 5_200_000_000_000_000,
        hardforks: HardforkHeights::all_until(Hardfork::Huyao),
        policy_at_echidna: None,
    };
    assert_eq!(csharp(""), expected);
    assert_eq!(csharp(r#","Hardforks":{},"Unknown":[1]"#), expected);
    assert_eq!(csharp(r#","Hardforks":null,"Network":null"#), expected);
    // The node does not derive it from the time between blocks.
    assert_eq!(csharp(r#","MillisecondsPerBlock":1000"#).max_valid_until_block_increment, 5760);
}

#[test]
fn what_neo_go_assumes() {
    let expected = ProtocolSettings {
        network: 0,
        initial_gas_distribution: 0,
        hardforks: HardforkHeights::all_until(Hardfork::Gorgon),
        ..csharp("")
    };
    assert_eq!(neogo(&[]), expected);
    assert_eq!(neogo(&["Hardforks:"]), expected);
    let zeros = [
        "TimePerBlock: 0s",
        "MemPoolSize: 0",
        "MaxValidUntilBlockIncrement: 0",
        "MaxTraceableBlocks: 0",
        "Genesis: {}",
    ];
    assert_eq!(neogo(&zeros), expected);
    assert_eq!(neogo(&["MemPoolSize: -1"]), expected);
}

#[test]
fn hardforks_of_the_reference() {
    use Hardfork::*;
    let heights = |members: &str| csharp(members).hardforks;
    assert_eq!(heights(r#","Hardforks":{"HF_Basilisk":5}"#), HardforkHeights::new(&[(Basilisk, 5)]).unwrap());
    let some = heights(r#","Hardforks":{"hf_cockatrice":"9","HF_BASILISK":5}"#);
    assert_eq!([Aspidochelone, Basilisk, Cockatrice].map(|fork| some.height(fork)), [Some(0), Some(5), Some(9)]);
    assert_eq!([Domovoi, Gorgon, Huyao].map(|fork| some.height(fork)), [None; 3]);
    for (members, error) in [
        (r#"{"Basilisk":5}"#, r#"ProtocolConfiguration.Hardforks: "Basilisk" is no hardfork that the node knows"#),
        (r#"{"HF_Iara":5}"#, r#"ProtocolConfiguration.Hardforks: "HF_Iara" is no hardfork that the node knows"#),
        (r#"{"HF_Genesis":5}"#, r#"ProtocolConfiguration.Hardforks: "HF_Genesis" is no hardfork that the node knows"#),
        (
            r#"{"HF_Basilisk":-1}"#,
            r#"ProtocolConfiguration.Hardforks.HF_Basilisk: is "-1": invalid digit found in string"#,
        ),
        (
            r#"{"HF_Basilisk":5,"HF_Domovoi":6}"#,
            "ProtocolConfiguration.Hardforks: hardfork Cockatrice has no height, but a later one has",
        ),
        (
            r#"{"HF_Basilisk":5,"HF_Cockatrice":4}"#,
            "ProtocolConfiguration.Hardforks: hardfork Cockatrice has a lower height than the one before it",
        ),
        ("[]", "ProtocolConfiguration.Hardforks: is [], not an object"),
    ] {
        assert_eq!(csharp_error(&format!(r#","Hardforks":{members}"#)), error);
    }
}

#[test]
fn hardforks_of_neo_go() {
    use Hardfork::*;
    let heights = |lines: &[&str]| neogo(lines).hardforks;
    assert_eq!(heights(&["Hardforks: {}"]), HardforkHeights::NONE);
    let some = heights(&["Hardforks:", "  Basilisk: 5", "  Cockatrice: 9"]);
    assert_eq!([Aspidochelone, Basilisk, Cockatrice].map(|fork| some.height(fork)), [Some(0), Some(5), Some(9)]);
    assert_eq!([Domovoi, Gorgon, Huyao].map(|fork| some.height(fork)), [None; 3]);
    assert_eq!(heights(&["Hardforks: {Huyao: 7}"]).height(Huyao), Some(7));
    for name in ["HF_Basilisk", "basilisk", "Iara"] {
        let error = format!("ProtocolConfiguration.Hardforks: {name:?} is no hardfork that the node knows");
        assert_eq!(neogo_error(&[&format!("Hardforks: {{{name}: 5}}")]), error);
    }
    let gap = "ProtocolConfiguration.Hardforks: hardfork Cockatrice has no height, but a later one has";
    assert_eq!(neogo_error(&["Hardforks: {Basilisk: 5, Domovoi: 6}"]), gap);
}

#[test]
fn numbers_of_the_reference() {
    let settings = csharp(
        r#", // a comment
        "network":"42", "ADDRESSVERSION":23, "MillisecondsPerBlock":3000, "MaxTransactionsPerBlock":7,
        "MemoryPoolMaxTransactions":77,
        "MaxValidUntilBlockIncrement":8, "MaxTraceableBlocks":9, "InitialGasDistribution":18446744073709551615,"#,
    );
    let expected = ProtocolSettings {
        network: 42,
        address_version: 23,
        milliseconds_per_block: 3000,
        max_transactions_per_block: 7,
        memory_pool_max_transactions: 77,
        max_valid_until_block_increment: 8,
        max_traceable_blocks: 9,
        initial_gas_distribution: u64::MAX,
        ..csharp("")
    };
    assert_eq!(settings, expected);
    for (members, error) in [
        (r#","Network":-1"#, r#"ProtocolConfiguration.Network: is "-1": invalid digit found in string"#),
        (r#","Network":true"#, "ProtocolConfiguration.Network: is true, not a number"),
        (r#","Network":1,"network":2"#, r#"ProtocolConfiguration.Network: is there again, as "network""#),
        (
            r#","AddressVersion":256"#,
            r#"ProtocolConfiguration.AddressVersion: is "256": number too large to fit in target type"#,
        ),
        (
            r#","MillisecondsPerBlock":1.5"#,
            r#"ProtocolConfiguration.MillisecondsPerBlock: is "1.5": invalid digit found in string"#,
        ),
    ] {
        assert_eq!(csharp_error(members), error);
    }
}

#[test]
fn numbers_of_neo_go() {
    let lines = [
        "Magic: 42",
        "TimePerBlock: 1m30.5s",
        "MaxTransactionsPerBlock: 7",
        "MemPoolSize: 77",
        "MaxTraceableBlocks: 9",
        "InitialGASSupply: 52000000.00000001",
    ];
    let expected = ProtocolSettings {
        network: 42,
        milliseconds_per_block: 90_500,
        max_transactions_per_block: 7,
        memory_pool_max_transactions: 77,
        // As many blocks as there are in a day.
        max_valid_until_block_increment: 954,
        max_traceable_blocks: 9,
        initial_gas_distribution: 5_200_000_000_000_001,
        ..neogo(&[])
    };
    assert_eq!(neogo(&lines), expected);
    assert_eq!(neogo(&["TimePerBlock: 1s"]).max_valid_until_block_increment, 86_400);
    assert_eq!(neogo(&["InitialGASSupply: 52000000"]).initial_gas_distribution, 5_200_000_000_000_000);
    for (text, milliseconds) in [("100ms", 100), ("1h", 3_600_000), ("1500us", 0), ("2000\u{b5}s", 2), ("+.5s", 500)] {
        let line = format!("TimePerBlock: {text}");
        match milliseconds {
            0 => assert!(neogo_error(&[&line]).ends_with("not a whole number of milliseconds")),
            _ => assert_eq!(neogo(&[&line]).milliseconds_per_block, milliseconds),
        }
    }
}

#[test]
fn what_neo_go_refuses() {
    for (line, error) in [
        ("TimePerBlock: 15", r#"TimePerBlock: is "15", not a duration such as 15s or 1m30s"#),
        ("TimePerBlock: 15 s", r#"TimePerBlock: is "15 s", not a duration such as 15s or 1m30s"#),
        ("TimePerBlock: 2000h", r#"TimePerBlock: is "2000h", more than 2^32 milliseconds"#),
        (
            "MaxTransactionsPerBlock: 65536",
            r#"MaxTransactionsPerBlock: is "65536": number too large to fit in target type"#,
        ),
        ("Magic: x", r#"Magic: is "x": invalid digit found in string"#),
        ("InitialGASSupply: -1", r#"InitialGASSupply: is "-1", not an amount of GAS with at most 8 decimals"#),
        (
            "InitialGASSupply: 1.000000001",
            r#"InitialGASSupply: is "1.000000001", not an amount of GAS with at most 8 decimals"#,
        ),
        ("Genesis: {TimePerBlock: 1us}", r#"Genesis.TimePerBlock: is "1us", not a whole number of milliseconds"#),
    ] {
        assert_eq!(neogo_error(&[line]), format!("ProtocolConfiguration.{error}"));
    }
}

#[test]
fn what_is_not_supported() {
    for (line, name) in [
        ("StateRootInHeader: true", "StateRootInHeader"),
        ("CommitteeHistory: {0: 1}", "CommitteeHistory"),
        ("ValidatorsHistory: {0: 1}", "ValidatorsHistory"),
        ("ReservedAttributes: true", "ReservedAttributes"),
        ("Genesis: {Roles: {Oracle: []}}", "Genesis.Roles"),
        ("Genesis: {Transaction: {Script: AA==, SystemFee: 1}}", "Genesis.Transaction"),
    ] {
        let error = format!("ProtocolConfiguration.{name}: is an extension of neo-go that is not supported");
        assert_eq!(neogo_error(&[line]), error);
    }
    for line in ["StateRootInHeader: false", "CommitteeHistory: {}", "P2PSigExtensions: true", "MaxBlockSize: 9"] {
        assert_eq!(neogo(&[line]), neogo(&[]));
    }
    let unknown = neogo_error(&["SecondsPerBlock: 15"]);
    assert!(unknown.contains("SecondsPerBlock") && unknown.contains("line 5"), "{unknown}");
}

#[test]
fn policy_at_echidna_may_differ_in_neo_go() {
    let lines = ["MaxTraceableBlocks: 9", "TimePerBlock: 2s", "Genesis:", "  TimePerBlock: 1s"];
    let at_echidna = PolicyAtEchidna {
        milliseconds_per_block: 1000,
        max_valid_until_block_increment: 43_200,
        max_traceable_blocks: 9,
    };
    assert_eq!(neogo(&lines).policy_at_echidna(), at_echidna);
    assert_eq!(neogo(&lines).milliseconds_per_block, 2000);
    assert_eq!(neogo(&["MaxTraceableBlocks: 9", "Genesis: {MaxTraceableBlocks: 9}"]).policy_at_echidna, None);
}

#[test]
fn committees() {
    let error = |text: &str| from_csharp(text).unwrap_err().to_string();
    let with = |members: &str| format!(r#"{{"ProtocolConfiguration":{{{members}}}}}"#);
    assert_eq!(error(&with(r#""ValidatorsCount":1"#)), "ProtocolConfiguration.StandbyCommittee: has no keys");
    let keys = format!(r#""StandbyCommittee":["{KEY}"]"#);
    assert_eq!(error(&with(&keys)), "ProtocolConfiguration.ValidatorsCount: is 0; there must be a validator");
    assert!(error(&with(r#""StandbyCommittee":["02b3"]"#)).starts_with("ProtocolConfiguration.StandbyCommittee[0]: "));
    assert_eq!(error("{}"), "ProtocolConfiguration: is missing");
    assert_eq!(error(r#"{"ProtocolConfiguration":7}"#), "ProtocolConfiguration: is 7, not an object");
    assert!(error("{'a':1}").starts_with("is not JSON: "));
    let text = neogo_text(&[]).replace("ValidatorsCount: 1", "ValidatorsCount: 2");
    assert_eq!(
        from_neogo(&text).unwrap_err().to_string(),
        "ProtocolConfiguration.ValidatorsCount: is 2, but the committee has 1 members"
    );
}

#[test]
fn networks_have_names() {
    assert_eq!(load("mainnet").unwrap(), ProtocolSettings::mainnet());
    assert_eq!(load("testnet").unwrap(), ProtocolSettings::testnet());
    assert_eq!(load("private").unwrap(), ProtocolSettings::private());
    let error = load("mainet").unwrap_err().to_string();
    assert!(
        error.starts_with("mainet: neither mainnet, testnet nor private, nor a file that can be read: "),
        "{error}"
    );
}

#[test]
fn contents_tell_what_a_file_is() {
    let folder = std::env::temp_dir().join(format!("neovm-config-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        load(path.to_str().unwrap())
    };
    assert_eq!(file("a", &csharp_text("")).unwrap(), csharp(""));
    assert_eq!(file("b", &format!("\u{feff} // comment\n{}", csharp_text(""))).unwrap(), csharp(""));
    assert_eq!(file("c", &neogo_text(&[])).unwrap(), neogo(&[]));
    assert_eq!(file("d.JSON", &format!("\u{feff}{}", csharp_text(""))).unwrap(), csharp(""));
    assert_eq!(file("e.yaml", &neogo_text(&[])).unwrap(), neogo(&[]));
    let error = file("f.yml", "- 1").unwrap_err().to_string();
    assert!(error.contains("f.yml: "), "{error}");
    let error = file("g.yml", &" ".repeat((1 << 20) + 1)).unwrap_err().to_string();
    assert!(error.contains("g.yml: ") && error.ends_with("more than 1048576 bytes"), "{error}");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn both_forms_of_recorded_chains_are_equal() {
    let mut folders = vec![data().join("rich")];
    match shared("reference/host/rich") {
        Some(folder) => folders.push(folder),
        None => say("SKIPPED: both_forms_of_recorded_chains_are_equal: there is no ../shared/reference/host/rich"),
    }
    let mut compared = 0;
    for name in ["verd", "stair", "echidna0", "mid"] {
        for folder in &folders {
            let file = |extension: &str| folder.join(format!("{name}.{extension}"));
            if file("config.json").exists() {
                let [csharp, neogo] =
                    ["config.json", "neogo.yml"].map(|form| load(file(form).to_str().unwrap()).unwrap());
                assert_eq!(csharp, neogo, "{name}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, if folders.len() == 2 { 5 } else { 1 });
}

#[test]
fn schedules_of_recorded_chains() {
    let Some(folder) = shared("reference/host/chains") else {
        return say("SKIPPED: schedules_of_recorded_chains: there is no ../shared/reference/host/chains");
    };
    let read = |name: &str| load(folder.join(format!("config-{name}.json")).to_str().unwrap()).unwrap();
    use Hardfork::*;
    let heights = |name| [Aspidochelone, Echidna, Faun, Gorgon].map(|fork| read(name).hardforks.height(fork));
    assert_eq!(heights("ech5"), [Some(1), Some(5), None, None]);
    assert_eq!(heights("ech13"), [Some(3), Some(13), None, None]);
    assert_eq!(heights("faun8"), [Some(1), Some(5), Some(8), None]);
    assert_eq!(heights("none"), [Some(4_000_000_000), None, None, None]);
}

proptest! {
    /// Files that are damaged in a place or two are read or refused.
    #[test]
    fn damaged_files_are_read_or_refused(changes in vec((any::<prop::sample::Index>(), any::<char>()), 1..3)) {
        for form in ["config.json", "neogo.yml"] {
            let text = fs::read_to_string(data().join(format!("rich/verd.{form}"))).unwrap();
            let mut characters: Vec<char> = text.chars().collect();
            for (place, character) in &changes {
                let place = place.index(characters.len());
                characters[place] = *character;
            }
            let text: String = characters.into_iter().collect();
            let read = if form == "config.json" { from_csharp(&text) } else { from_neogo(&text) };
            if let Err(error) = read {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}

#[test]
fn settings_are_read_as_they_were_written() {
    let hardforks = HardforkHeights::new(&[(Hardfork::Aspidochelone, 3), (Hardfork::Basilisk, 7)]).unwrap();
    let odd = ProtocolSettings {
        network: 7,
        milliseconds_per_block: 1,
        memory_pool_max_transactions: 3,
        hardforks,
        ..ProtocolSettings::testnet()
    };
    for settings in [ProtocolSettings::mainnet(), ProtocolSettings::testnet(), ProtocolSettings::private(), odd] {
        assert_eq!(from_csharp(&to_csharp(&settings).unwrap()).unwrap(), settings);
    }
    let none = ProtocolSettings { hardforks: HardforkHeights::NONE, ..ProtocolSettings::private() };
    assert!(to_csharp(&none).unwrap_err().to_string().starts_with("Hardforks: has none"));
    let later = PolicyAtEchidna { milliseconds_per_block: 1, ..ProtocolSettings::private().policy_at_echidna() };
    let later = ProtocolSettings { policy_at_echidna: Some(later), ..ProtocolSettings::private() };
    assert!(to_csharp(&later).unwrap_err().to_string().starts_with("Genesis: has values"));
}
