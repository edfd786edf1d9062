//! A chain is followed with the settings that it was begun with.

use std::sync::Arc;

use neovm_host::{HardforkHeights, Network, PolicyAtEchidna, ProtocolSettings, execute_block, genesis_block};
use neovm_node::{Blockchain, BlockchainError, verify::VerifyLevel};
use neovm_storage::{ChainState, FlushPolicy, MemoryPlace, Place, TrieMode};
use neovm_types::Hardfork;

type Opened = Result<Blockchain, BlockchainError>;

/// Opens the chain that a place keeps.
fn open(place: &Arc<MemoryPlace>, settings: &ProtocolSettings) -> Opened {
    let state = ChainState::open(place.clone(), FlushPolicy::ON_DEMAND).unwrap();
    Blockchain::open(Arc::new(Network::new(settings.clone())), state)
}

/// Why a chain cannot be opened.
fn refusal(opened: Opened) -> String {
    opened.unwrap_err().to_string()
}

/// A place that holds the genesis block.
fn begun(settings: &ProtocolSettings) -> Arc<MemoryPlace> {
    let place = Arc::new(MemoryPlace::new(TrieMode::Latest));
    let mut chain = open(&place, settings).unwrap();
    let genesis = chain.execute(&genesis_block(settings).unwrap(), VerifyLevel::Full).unwrap();
    chain.append(genesis, None).unwrap();
    chain.flush().unwrap();
    place
}

fn heights(named: &[(Hardfork, u32)]) -> HardforkHeights {
    HardforkHeights::new(named).unwrap()
}

#[test]
fn each_setting_that_enters_execution_counts() {
    let settings = ProtocolSettings::private();
    let place = begun(&settings);
    let refused = |change: fn(&mut ProtocolSettings)| {
        let mut other = settings.clone();
        change(&mut other);
        let text = refusal(open(&place, &other));
        text.strip_prefix("the chain that is kept there was followed with other settings: ").unwrap().to_owned()
    };
    assert_eq!(refused(|other| other.network += 1), "network 56753, not 56754");
    assert_eq!(refused(|other| other.address_version = 1), "address version 53, not 1");
    assert_eq!(refused(|other| other.initial_gas_distribution = 1), "initial GAS in datoshi 5200000000000000, not 1");
    assert!(refused(|other| other.standby_committee.push(other.standby_committee[0])).ends_with(
        "member 2 none, not \
         036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    ));
    let text = refused(|other| other.max_traceable_blocks = 5);
    assert_eq!(text, "traceable blocks 2102400, not 5; traceable blocks at Echidna 2102400, not 5");
    let text = refused(|other| {
        other.validators_count = 2;
        other.hardforks = HardforkHeights::all_until(Hardfork::Echidna);
    });
    assert_eq!(text, "number of validators 1, not 2; hardfork Faun 0, not none; hardfork Gorgon 0, not none");
    // This one binds those who make blocks.
    assert!(open(&place, &ProtocolSettings { max_transactions_per_block: 7, ..settings.clone() }).is_ok());
    assert!(open(&place, &ProtocolSettings { memory_pool_max_transactions: 7, ..settings.clone() }).is_ok());
    assert!(open(&place, &settings).is_ok());
}

#[test]
fn what_is_ahead_can_be_moved() {
    let at = |hardforks| ProtocolSettings { hardforks, ..ProtocolSettings::private() };
    let (domovoi, echidna) = (Hardfork::Domovoi, Hardfork::Echidna);
    let place = begun(&at(heights(&[(domovoi, 0), (echidna, 5)])));
    let policy =
        PolicyAtEchidna { milliseconds_per_block: 1, max_valid_until_block_increment: 2, max_traceable_blocks: 3 };
    let later = ProtocolSettings { policy_at_echidna: Some(policy), ..at(heights(&[(domovoi, 0), (echidna, 1)])) };
    assert!(open(&place, &later).is_ok());
    // It is kept as it was moved.
    assert!(String::from_utf8_lossy(&place.protocol().unwrap().unwrap()).contains("\nhardfork Echidna: 1\n"));
    assert!(open(&place, &at(heights(&[(domovoi, 0)]))).is_ok());
    let text = refusal(open(&place, &at(heights(&[(domovoi, 0), (echidna, 0)]))));
    assert!(text.ends_with("settings: hardfork Echidna none, not 0"), "{text}");
    let text = refusal(open(&place, &at(heights(&[(Hardfork::Cockatrice, 0)]))));
    assert!(text.ends_with("settings: hardfork Domovoi 0, not none"), "{text}");
}

/// Earlier versions kept no settings.
#[test]
fn a_place_without_settings_takes_those_that_it_is_opened_with() {
    let settings = ProtocolSettings::private();
    let place = Arc::new(MemoryPlace::new(TrieMode::Latest));
    let mut state = ChainState::open(place.clone(), FlushPolicy::ON_DEMAND).unwrap();
    let genesis = execute_block(&Network::new(settings.clone()), &state, &genesis_block(&settings).unwrap()).unwrap();
    state.append(0, Arc::new(genesis.changes), None).unwrap();
    state.flush().unwrap();
    assert_eq!(place.protocol().unwrap(), None);
    let text = refusal(open(&place, &ProtocolSettings::mainnet()));
    assert!(text.starts_with("the chain that is kept there begins with block 0x"), "{text}");
    assert_eq!(place.protocol().unwrap(), None);
    assert!(open(&place, &settings).is_ok());
    let text = refusal(open(&place, &ProtocolSettings { network: 1, ..settings }));
    assert!(text.ends_with("settings: network 56753, not 1"), "{text}");
}
