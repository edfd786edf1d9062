//! Blocks: fees, signatures, and what they do to the state.

use std::{sync::Arc, thread};

use neovm::{
    Block, Chain, ProtocolSettings, Script, Signer, Transaction, WitnessScopes,
    chain::{UnsignedHeader, UnsignedTransaction, Witness, merkle_root},
    host::{Invocation, genesis_block},
};
use neovm_node::verify::network_fee;

use crate::{Error, accounts::Account, network};

/// What is paid above the gas that the script used one block earlier, in datoshi.
const MARGIN: i64 = 10_000_000;
/// The number of blocks that transactions stay valid.
const LIFETIME: u32 = 100;

/// A transaction to be made.
pub(crate) struct Request {
    pub(crate) sender: Arc<Account>,
    pub(crate) scopes: WitnessScopes,
    pub(crate) script: Script,
}

/// Makes blocks and follows the chain that they form.
pub(crate) struct Producer {
    chain: Chain,
    consensus: Account,
    transactions: u32,
}

impl Producer {
    pub(crate) fn new(settings: ProtocolSettings) -> Result<Self, Error> {
        Ok(Self { chain: Chain::new(settings)?, consensus: network::consensus()?, transactions: 0 })
    }

    /// The number of transactions so far.
    pub(crate) fn transaction_count(&self) -> u32 {
        self.transactions
    }

    pub(crate) fn genesis(&self) -> Result<Block, Error> {
        Ok(genesis_block(self.chain.network().settings())?)
    }

    /// Makes the next block, and returns its bytes. Each transaction must be able to run on the state
    /// that the last block left.
    pub(crate) fn produce(&mut self, requests: Vec<Request>) -> Result<Vec<u8>, Error> {
        let last = self.chain.last_header()?;
        let following = UnsignedHeader::following(&last).ok_or("the chain is too long")?;
        let index = following.index;
        let numbered = (self.transactions..).zip(&requests);
        let unsigned: Vec<_> =
            numbered.map(|(nonce, request)| self.unsigned(request, nonce, index)).collect::<Result<_, _>>()?;
        let transactions = self.sign(&requests, &unsigned)?;
        let hashes: Vec<_> = transactions.iter().map(|transaction| transaction.hash()).collect();
        let settings = self.chain.network().settings();
        let header = UnsignedHeader {
            merkle_root: merkle_root(&hashes),
            timestamp: last.timestamp + u64::from(settings.milliseconds_per_block),
            nonce: u64::from(index),
            primary_index: (index % settings.validators_count) as u8,
            ..following
        };
        let witness = self.consensus.witness(&header.sign_data(settings.network));
        let block = Block::new(header.sign(&witness)?, transactions)?;
        let receipt = self.chain.persist(&block)?;
        let fault = receipt.transactions.iter().find_map(|receipt| receipt.fault.as_ref());
        if let Some(fault) = fault {
            return Err(format!("a transaction of block {index}: {}", fault.kind).into());
        }
        self.transactions += u32::try_from(block.transactions().len())?;
        Ok(block.to_bytes())
    }

    /// The transaction that a request asks for, with the fees that it needs.
    fn unsigned(&self, request: &Request, nonce: u32, index: u32) -> Result<UnsignedTransaction, Error> {
        let signer = Signer::new(request.sender.hash, request.scopes);
        let test = Invocation::new(request.script.clone()).with_signer(signer.clone()).with_gas(i64::MAX);
        let receipt = self.chain.invoke(&test)?;
        if let Some(fault) = receipt.fault {
            return Err(format!("a transaction for block {index}: {}", fault.kind).into());
        }
        let mut unsigned = UnsignedTransaction {
            version: 0,
            nonce,
            system_fee: i64::try_from(receipt.gas_consumed.datoshi_ceil())? + MARGIN,
            network_fee: 0,
            valid_until_block: index + LIFETIME,
            signers: vec![signer],
            attributes: Vec::new(),
            script: request.script.clone(),
        };
        let witness = Witness { invocation: Script::new([]), verification: request.sender.verification.clone() };
        let (network, store) = (self.chain.network(), self.chain.store());
        unsigned.network_fee = network_fee(network, store, &unsigned.sign(&[witness])?)?;
        Ok(unsigned)
    }

    /// Signs transactions, on all processors.
    fn sign(&self, requests: &[Request], unsigned: &[UnsignedTransaction]) -> Result<Vec<Arc<Transaction>>, Error> {
        let network = self.chain.network().settings().network;
        let signed = |(request, unsigned): (&Request, &UnsignedTransaction)| {
            unsigned.sign(&[request.sender.witness(&unsigned.sign_data(network))]).map(Arc::new)
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let share = requests.len().div_ceil(threads).max(1);
        let shares = requests.chunks(share).zip(unsigned.chunks(share));
        thread::scope(|scope| {
            let workers: Vec<_> = shares
                .map(|(requests, unsigned)| {
                    scope.spawn(move || requests.iter().zip(unsigned).map(signed).collect::<Result<Vec<_>, _>>())
                })
                .collect();
            let mut transactions = Vec::with_capacity(unsigned.len());
            for worker in workers {
                transactions.extend(worker.join().expect("signing does not panic")?);
            }
            Ok(transactions)
        })
    }
}
