//! The index of tokens: transfers and balances, by account.
//!
//! Source: the plugin TokensTracker of the reference node.

use std::{collections::BTreeSet, path::PathBuf};

use neovm_chain::Block;
use neovm_crypto::address_from_script_hash;
use neovm_disk::{DiskError, Index, IndexEntry};
use neovm_host::{BlockReceipt, Contract, Receipt};
use neovm_types::{FaultKind, Hash160, Hash256, Integer, StackItem, item::ItemType};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    error::{ErrorKind, RpcError},
    node::{Node, NodeError},
    output::Object,
};

/// The gas that a token may use to tell a balance, in datoshi.
///
/// Source: `Nep17Tracker.cs` (`SaveNep17Balance`).
const GAS_FOR_BALANCE: i64 = 17_000_000;

/// A standard of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standard {
    Nep17 = 17,
    Nep11 = 11,
}

/// Whose transfers are listed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    Sent = 0,
    Received = 1,
}

/// A notification of a transfer, of a contract that may or may not be a token.
#[derive(Debug)]
pub(crate) struct Transfer {
    asset: Hash160,
    from: Hash160,
    to: Hash160,
    amount: Integer,
    /// The token, of NEP-11.
    token: Option<Vec<u8>>,
    /// The transaction, unless the block itself transfers.
    transaction: Option<Hash256>,
}

/// What the keys of an account's transfers begin with.
pub(crate) fn transfers_prefix(standard: Standard, side: Side, account: Hash160) -> Vec<u8> {
    [&[b'T', standard as u8, side as u8][..], &account.0].concat()
}

/// What the keys of an account's balances begin with.
pub(crate) fn balances_prefix(standard: Standard, account: Hash160) -> Vec<u8> {
    [&[b'B', standard as u8][..], &account.0].concat()
}

/// The amount of a balance that could not be found out when it changed, and is when it is asked for.
const UNKNOWN: &str = "?";

/// The form of the keys. An index of another form is made anew.
const FORMAT: &[u8] = b"2";

/// The key that the form is kept under, which no transfer and no balance has.
const FORMAT_KEY: &[u8] = b"format";

/// Opens the index, without entries if there is none of this form.
pub(crate) fn open(file: PathBuf) -> Result<Index, DiskError> {
    let index = Index::open(&file)?;
    let is_known = |index: &Index| -> Result<bool, DiskError> {
        let kept = index.range(FORMAT_KEY, &[FORMAT_KEY, &[0]].concat(), 1)?;
        Ok(kept.first().is_some_and(|(_, format)| format == FORMAT))
    };
    if index.height()?.is_none() || is_known(&index)? {
        return Ok(index);
    }
    tracing::info!("the index of tokens is made anew: it has an earlier form");
    drop(index);
    // If it cannot be removed, it cannot be opened as a new one either, and says so.
    let _ = std::fs::remove_file(&file);
    Index::open(file)
}

/// What precedes a token in the keys of balances, so that short tokens come first.
///
/// Source: `Nep11BalanceKey.cs` (`Serialize`).
fn token_length(token: &[u8]) -> Vec<u8> {
    match u8::try_from(token.len()) {
        Ok(length) if length < 0xfd => vec![length],
        // A notification has at most 1,024 bytes.
        _ => [&[0xfd][..], &(token.len() as u16).to_le_bytes()].concat(),
    }
}

/// The transfers that the executions of a block have notified of.
fn transfers(block: &Block, receipt: &BlockReceipt) -> Vec<Transfer> {
    let hashes = block.transactions().iter().map(|transaction| Some(transaction.hash()));
    let executions = [(None, &receipt.on_persist)].into_iter();
    let executions = executions.chain(hashes.zip(&receipt.transactions)).chain([(None, &receipt.post_persist)]);
    let of_execution = |(hash, receipt): (Option<Hash256>, &Receipt)| {
        let events = receipt.notifications.iter().filter(|event| &*event.event == "Transfer");
        events.filter_map(|event| transfer(event.contract, &event.state, hash)).collect::<Vec<_>>()
    };
    executions.flat_map(of_execution).collect()
}

/// Source: `TrackerBase.cs` (`GetTransferRecord`).
fn transfer(asset: Hash160, state: &StackItem, transaction: Option<Hash256>) -> Option<Transfer> {
    let (StackItem::Array(fields) | StackItem::Struct(fields)) = state else { return None };
    let fields = fields.to_vec();
    let (from, to, amount, token) = match &fields[..] {
        [from, to, amount] => (from, to, amount, None),
        [from, to, amount, token @ StackItem::ByteString(_)] => (from, to, amount, Some(token)),
        _ => return None,
    };
    if !is_integer(amount) && !matches!(amount, StackItem::ByteString(_)) {
        return None;
    }
    let token = token.map(|token| token.with_bytes(<[u8]>::to_vec)).transpose().ok()?;
    let amount = amount.to_integer().ok()?;
    let (from, to) = (account(from)?, account(to)?);
    (from.is_some() || to.is_some()).then(|| Transfer {
        asset,
        from: from.unwrap_or_default(),
        to: to.unwrap_or_default(),
        amount,
        token,
        transaction,
    })
}

fn is_integer(item: &StackItem) -> bool {
    item.item_type() == ItemType::Integer
}

/// The account that an item is: none for Null.
fn account(item: &StackItem) -> Option<Option<Hash160>> {
    match item {
        StackItem::Null => Some(None),
        StackItem::ByteString(_) => {
            item.with_bytes(|bytes| bytes.try_into().ok()).ok()?.map(|hash| Some(Hash160(hash)))
        }
        _ => None,
    }
}

/// The height of the first block that is not in the index.
fn next(node: &Node) -> Result<u32, DiskError> {
    Ok(node.tokens.height()?.map_or(node.first_block(), |height| height + 1))
}

/// Entries of blocks in a row that are written together, as each write waits for the disk.
struct Pending<'a> {
    node: &'a Node,
    /// The last of the blocks, if there is one.
    height: Option<u32>,
    blocks: usize,
    size: usize,
    entries: Vec<IndexEntry>,
}

impl<'a> Pending<'a> {
    /// The most blocks that are written together. They are read again if the process ends before.
    const MAX_BLOCKS: usize = 1000;
    /// The size of the entries from which on they are written, in bytes.
    const MAX_SIZE: usize = 4 << 20;

    fn new(node: &'a Node) -> Self {
        Self { node, height: None, blocks: 0, size: 0, entries: Vec::new() }
    }

    fn add(&mut self, height: u32, entries: Vec<IndexEntry>) -> Result<(), DiskError> {
        self.height = Some(height);
        self.blocks += 1;
        self.size += entries.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum::<usize>();
        self.entries.extend(entries);
        if self.blocks >= Self::MAX_BLOCKS || self.size >= Self::MAX_SIZE { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), DiskError> {
        let Self { node, height, mut entries, .. } = std::mem::replace(self, Self::new(self.node));
        let Some(height) = height else { return Ok(()) };
        entries.push((FORMAT_KEY.to_vec(), Some(FORMAT.to_vec())));
        node.tokens.write(height, &entries)
    }
}

/// Brings the index up to the last block, by the application logs. Balances are those after that block.
pub(crate) fn catch_up(node: &Node) -> Result<(), NodeError> {
    let mut pending = Pending::new(node);
    let all =
        (next(node)?..=node.height()).try_for_each(|height| Ok(pending.add(height, logged_entries(node, height)?)?));
    // Those before a block that cannot be read are not lost.
    pending.write()?;
    all
}

/// What is to be kept of a block by its application logs.
fn logged_entries(node: &Node, height: u32) -> Result<Vec<IndexEntry>, NodeError> {
    let missing = || FaultKind::Host(format!("block {height} is missing"));
    let hash = node.view().block_hash(height)?.ok_or_else(missing)?;
    let block = node.block(hash)?.ok_or_else(missing)?;
    let mut found = Vec::new();
    let transactions = block.transactions().iter().map(|transaction| Some(transaction.hash()));
    for transaction in [None].into_iter().chain(transactions) {
        let Some(log) = node.log(transaction.unwrap_or(hash))? else { continue };
        let transfers = logged_transfers(&log, transaction);
        found.extend(transfers.map_err(|error| FaultKind::Host(format!("log of block {height}: {error}")))?);
    }
    entries(node, &block, &found)
}

/// Adds a block that has just been appended, and blocks before it that are missing.
pub(crate) fn append(node: &Node, block: &Block, receipt: &BlockReceipt) -> Result<(), NodeError> {
    if next(node)? != block.index {
        return catch_up(node);
    }
    let mut pending = Pending::new(node);
    pending.add(block.index, entries(node, block, &transfers(block, receipt))?)?;
    Ok(pending.write()?)
}

/// What transfers are found by in an application log. The items in it may be nested as deeply as a contract likes: they
/// are passed over as text.
#[derive(Deserialize)]
struct Log<'a> {
    #[serde(borrow)]
    executions: Vec<LoggedExecution<'a>>,
}

#[derive(Deserialize)]
struct LoggedExecution<'a> {
    #[serde(borrow)]
    notifications: Vec<Event<'a>>,
}

#[derive(Deserialize)]
struct Event<'a> {
    contract: String,
    eventname: String,
    #[serde(borrow)]
    state: &'a RawValue,
}

/// The transfers in an application log.
fn logged_transfers(log: &str, transaction: Option<Hash256>) -> serde_json::Result<Vec<Transfer>> {
    let log: Log<'_> = serde_json::from_str(log)?;
    let events = log.executions.iter().flat_map(|execution| &execution.notifications);
    let of_event = |event: &Event<'_>| {
        if event.eventname != "Transfer" {
            return None;
        }
        // A state that is nested too deeply for the parser is none of a transfer, which is flat.
        let state = serde_json::from_str(event.state.get()).ok()?;
        transfer(event.contract.parse().ok()?, &StackItem::from_json(&state).ok()?, transaction)
    };
    Ok(events.filter_map(of_event).collect())
}

/// What is to be kept of a block, over the state after it.
fn entries(node: &Node, block: &Block, transfers: &[Transfer]) -> Result<Vec<IndexEntry>, NodeError> {
    let mut writer = Writer { node, block, entries: Vec::new(), changed: BTreeSet::new(), counts: [0; 2] };
    for transfer in transfers {
        writer.transfer(transfer)?;
    }
    for (account, asset) in std::mem::take(&mut writer.changed) {
        writer.nep17_balance(account, asset);
    }
    Ok(writer.entries)
}

struct Writer<'a> {
    node: &'a Node,
    block: &'a Block,
    entries: Vec<IndexEntry>,
    /// The accounts whose NEP-17 balances have changed, and the tokens.
    changed: BTreeSet<(Hash160, Hash160)>,
    /// The number of transfers of transactions so far, for each standard.
    counts: [u32; 2],
}

impl Writer<'_> {
    fn transfer(&mut self, transfer: &Transfer) -> Result<(), NodeError> {
        let standard = if transfer.token.is_some() { Standard::Nep11 } else { Standard::Nep17 };
        let name = if standard == Standard::Nep11 { "NEP-11" } else { "NEP-17" };
        let Some(contract) = self.node.view().contract(transfer.asset)? else { return Ok(()) };
        if !contract.state().manifest.supported_standards.iter().any(|standard| standard == name) {
            return Ok(());
        }
        self.history(standard, transfer);
        match standard {
            Standard::Nep17 => {
                let accounts =
                    [transfer.from, transfer.to].into_iter().filter(|account| *account != Hash160::default());
                self.changed.extend(accounts.map(|account| (account, transfer.asset)));
            }
            Standard::Nep11 => self.nep11_balance(transfer, &contract),
        }
        Ok(())
    }

    /// Adds a transfer of a transaction to the lists of the sender and the receiver.
    fn history(&mut self, standard: Standard, transfer: &Transfer) {
        let Some(transaction) = transfer.transaction else { return };
        let count = &mut self.counts[usize::from(standard == Standard::Nep11)];
        let index = std::mem::replace(count, *count + 1);
        let version = self.node.settings().address_version;
        for (side, account, other) in
            [(Side::Sent, transfer.from, transfer.to), (Side::Received, transfer.to, transfer.from)]
        {
            if account == Hash160::default() {
                continue;
            }
            let other = (other != Hash160::default()).then(|| address_from_script_hash(other.0, version));
            let mut json = Object::new()
                .raw("timestamp", self.block.timestamp)
                .text("assethash", &transfer.asset.to_string())
                .optional_text("transferaddress", other.as_deref())
                .text("amount", &transfer.amount.to_string())
                .raw("blockindex", self.block.index)
                .raw("transfernotifyindex", index)
                .text("txhash", &transaction.to_string());
            let token = transfer.token.as_deref().unwrap_or_default();
            if standard == Standard::Nep11 {
                json = json.text("tokenid", &hex::encode(token));
            }
            let key = [
                &transfers_prefix(standard, side, account)[..],
                &self.block.timestamp.to_be_bytes(),
                &transfer.asset.0,
                // Source: `TokenTransferKey.cs` (`Serialize`).
                &index.to_le_bytes(),
                token,
            ];
            self.entries.push((key.concat(), Some(json.finish().into_bytes())));
        }
    }

    /// Source: `Nep17Tracker.cs` (`SaveNep17Balance`).
    fn nep17_balance(&mut self, account: Hash160, asset: Hash160) {
        if let Some(amounts) = self.amounts(&[balance_of(asset, account, None)]) {
            let amount = Some(&*amounts[0]).filter(|amount| *amount != "0");
            self.balance(Standard::Nep17, account, asset, &[], amount);
        }
    }

    /// Source: `Nep11Tracker.cs` (`OnPersist`).
    fn nep11_balance(&mut self, transfer: &Transfer, contract: &Contract) {
        let token = transfer.token.as_deref().unwrap_or_default();
        let Transfer { asset, from, to, .. } = *transfer;
        if contract.method("balanceOf", 2).is_some() {
            let of = |account| balance_of(asset, account, Some(token));
            if let Some(amounts) = self.amounts(&[of(from), of(to)]) {
                // Kept even where nothing is left, and of nobody, too.
                self.balance(Standard::Nep11, to, asset, token, Some(&amounts[1]));
                self.balance(Standard::Nep11, from, asset, token, Some(&amounts[0]));
            }
        } else if contract.method("balanceOf", 1).is_some() {
            for (account, amount) in [(from, None), (to, Some("1"))] {
                if account != Hash160::default() {
                    self.balance(Standard::Nep11, account, asset, token, amount);
                }
            }
        }
    }

    /// Keeps a balance, or that there is none any more.
    fn balance(&mut self, standard: Standard, account: Hash160, asset: Hash160, token: &[u8], amount: Option<&str>) {
        let key = [&balances_prefix(standard, account)[..], &asset.0, &token_length(token), token].concat();
        let value = amount.map(|amount| format!("{} {amount}", self.block.index).into_bytes());
        self.entries.push((key, value));
    }

    /// The amounts that a token tells, if it tells them; [`UNKNOWN`] where that cannot be found out now, so that nobody
    /// else's have to wait.
    fn amounts(&self, calls: &[Call<'_>]) -> Option<Vec<String>> {
        match self.node.integers(calls) {
            Ok(integers) => Some(integers?.iter().map(Integer::to_string).collect()),
            Err(error) => {
                tracing::warn!(%error, contract = %calls[0].0, "no balance");
                Some(vec![UNKNOWN.into(); calls.len()])
            }
        }
    }
}

/// The call of a contract's method.
type Call<'a> = (Hash160, &'a str, Vec<StackItem>);

/// The call that tells the balance of an account, of a token if that can be divided.
fn balance_of(asset: Hash160, account: Hash160, token: Option<&[u8]>) -> Call<'static> {
    (asset, "balanceOf", [account.into()].into_iter().chain(token.map(StackItem::from)).collect())
}

/// A balance that is kept: its key without the prefix, the block that changed it last, and the amount.
pub(crate) struct Balance {
    pub(crate) asset: Hash160,
    pub(crate) token: Vec<u8>,
    pub(crate) block: String,
    pub(crate) amount: String,
}

impl Node {
    /// Returns the balances of an account in the order of the tokens.
    ///
    /// # Errors
    /// [`RpcError`] if an entry is no balance, or is one that was unknown when the account's last transfer was seen,
    /// and cannot be found out now either.
    pub(crate) fn balances(&self, standard: Standard, account: Hash160) -> Result<Vec<Balance>, RpcError> {
        let prefix = balances_prefix(standard, account);
        let mut end = prefix.clone();
        end.extend([0xff; 100]);
        let entries = self.tokens.range(&prefix, &end, self.limits.token_entries);
        let entries = entries.map_err(|error| ErrorKind::InternalServerError.with(error))?;
        let balance = |(key, value): (Vec<u8>, Vec<u8>)| {
            let (asset, rest) = key[prefix.len()..].split_first_chunk::<20>()?;
            let ([0xfd, _, _, token @ ..] | [_, token @ ..]) = rest else { return None };
            let text = String::from_utf8(value).ok()?;
            let (block, amount) = text.split_once(' ')?;
            Some(Balance { asset: Hash160(*asset), token: token.to_vec(), block: block.into(), amount: amount.into() })
        };
        let mut balances = Vec::with_capacity(entries.len());
        for entry in entries {
            let mut balance = balance(entry).ok_or_else(damaged)?;
            if balance.amount == UNKNOWN {
                let token = (standard == Standard::Nep11).then_some(&balance.token[..]);
                let told = self.integers(&[balance_of(balance.asset, account, token)]);
                let Some(integers) = told? else { continue };
                balance.amount = integers[0].to_string();
            }
            if standard == Standard::Nep11 || balance.amount != "0" {
                balances.push(balance);
            }
        }
        Ok(balances)
    }

    /// The results of calls, if all of them return integers.
    fn integers(&self, calls: &[Call<'_>]) -> Result<Option<Vec<Integer>>, RpcError> {
        let receipt = self.query(calls, GAS_FOR_BALANCE * calls.len() as i64, self.limits.time)?;
        let integer = |item: &StackItem| is_integer(item).then(|| item.to_integer().ok()).flatten();
        Ok(receipt.and_then(|receipt| receipt.stack.iter().map(integer).collect()))
    }
}

/// The error of an index that cannot be read.
pub(crate) fn damaged() -> RpcError {
    ErrorKind::InternalServerError.with("the index of tokens is damaged: remove tokens.redb, and it is made anew")
}
