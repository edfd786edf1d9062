//! Code at random, by the rules of all forks: the accounts afterwards are those that revm leaves in a database of its
//! own.

use std::rc::Rc;

use neovm_evm::{
    BlockEnv, Evm, Fork, State, TxEnv, World,
    primitives::{Address, Bytes, TxKind, U256},
    revm::{
        Context, ExecuteCommitEvm, MainBuilder, MainContext,
        context::{CfgEnv, result::ExecutionResult},
        context_interface::block::BlobExcessGasAndPrice,
        database::{AccountState, CacheDB, EmptyDB},
        state::{AccountInfo, Bytecode},
    },
};
use neovm_storage::{Layer, MemoryStore};

const SENDER: Address = Address::repeat_byte(0x05);
/// The contracts call each other.
const CONTRACTS: [Address; 4] =
    [Address::repeat_byte(0xc0), Address::repeat_byte(0xc1), Address::repeat_byte(0xc2), Address::repeat_byte(0xc3)];

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// An instruction that pushes a number, often a small one.
    fn push(&mut self) -> Vec<u8> {
        match self.below(8) {
            0..=4 => vec![0x60, self.pick(&[0, 0, 1, 2, 31, 32, 33, 64, 255])],
            5 => [&[0x61][..], &self.bytes(2)].concat(),
            6 => [&[0x73][..], &self.address()[..]].concat(),
            _ => [&[0x7f][..], &self.bytes(32)].concat(),
        }
    }

    fn pushes(&mut self, count: usize) -> Vec<u8> {
        (0..count).flat_map(|_| self.push()).collect()
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.below(256) as u8).collect()
    }

    fn address(&mut self) -> Address {
        match self.below(8) {
            0 => SENDER,
            1 => Address::left_padding_from(&[self.below(18) as u8]),
            2 => Address::repeat_byte(0xdd),
            _ => self.pick(&CONTRACTS),
        }
    }

    /// Some instructions, with what they need on the stack.
    fn step(&mut self, depth: usize) -> Vec<u8> {
        match self.below(22) {
            0..=2 => self.push(),
            // Arithmetic, and what pushes something.
            3..=5 => {
                [self.pushes(3), vec![self.pick(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0x10, 0x12, 0x1b, 0x1d])]].concat()
            }
            6 => vec![self.below(0x1b) as u8 + 0x30],
            // Hashes, memory and copies.
            7 => [vec![0x60, 64, 0x60, self.below(64) as u8], vec![0x20]].concat(),
            8 => [self.push(), vec![0x60, self.below(128) as u8], vec![self.pick(&[0x52, 0x53])]].concat(),
            9 => [vec![0x60, 32, 0x60, 0, 0x60, self.below(64) as u8], vec![self.pick(&[0x37, 0x39, 0x3e, 0x5e])]]
                .concat(),
            // Storage, also for the transaction.
            10..=12 => [self.push(), vec![0x60, self.below(3) as u8, self.pick(&[0x55, 0x55, 0x55, 0x5d])]].concat(),
            13 => vec![0x60, self.below(3) as u8, self.pick(&[0x54, 0x5c])],
            14 => {
                let topics = self.below(5);
                [self.pushes(topics), vec![0x60, 9, 0x60, 1, 0xa0 + topics as u8]].concat()
            }
            15..=17 => self.call(),
            18 => self.creation(depth),
            19 => [&[0x73][..], &self.address()[..], &[self.pick(&[0x31, 0x3b, 0x3f, 0xff])]].concat(),
            20 => vec![self.pick(&[0x50, 0x58, 0x59, 0x5a, 0x5b, 0x80, 0x81, 0x90, 0x91, 0x3d])],
            _ => match self.below(6) {
                0 => [vec![0x60, 32, 0x60, 0], vec![self.pick(&[0xf3, 0xfd])]].concat(),
                1 => self.bytes(1),
                2 => vec![0x60, self.below(64) as u8, 0x56],
                _ => vec![0x58],
            },
        }
    }

    fn call(&mut self) -> Vec<u8> {
        let op = self.pick(&[0xf1, 0xf1, 0xf2, 0xf4, 0xfa]);
        let value = if op < 0xf4 { vec![0x60, self.pick(&[0, 0, 1, 200])] } else { Vec::new() };
        let gas = self.pick(&[&[0x5a][..], &[0x5a], &[0x61, 0x20, 0x00], &[0x60, 0]]);
        [&[0x60, 32, 0x60, 0, 0x60, 40, 0x60, 0][..], &value, &[0x73], &self.address()[..], gas, &[op]].concat()
    }

    /// Makes a contract of code at random, and calls it if it is there.
    fn creation(&mut self, depth: usize) -> Vec<u8> {
        let mut init = if depth < 2 { self.code(depth + 1, 4) } else { vec![0x5b] };
        init.extend([0x60, self.pick(&[0, 1, 32]), 0x60, 0, 0xf3]);
        let stores = init.chunks(32).enumerate().flat_map(|(place, chunk)| {
            let mut word = [0; 32];
            word[..chunk.len()].copy_from_slice(chunk);
            [&[0x7f][..], &word, &[0x61, ((place * 32) >> 8) as u8, (place * 32) as u8, 0x52]].concat()
        });
        let mut code: Vec<u8> = stores.collect();
        let has_salt = self.below(2) == 0;
        if has_salt {
            code.extend([0x60, self.below(2) as u8]);
        }
        code.extend([0x61, (init.len() >> 8) as u8, init.len() as u8, 0x60, 0, 0x60, self.pick(&[0, 0, 1])]);
        code.push(if has_salt { 0xf5 } else { 0xf0 });
        code.extend([0x60, 0, 0x60, 0, 0x60, 0, 0x60, 0, 0x60, 0, 0x85, 0x5a, 0xf1]);
        code
    }

    fn code(&mut self, depth: usize, steps: usize) -> Vec<u8> {
        (0..self.below(steps) + 1).flat_map(|_| self.step(depth)).collect()
    }

    fn transaction(&mut self, nonce: u64) -> TxEnv {
        let is_creation = self.below(8) == 0;
        let kind = if is_creation { TxKind::Create } else { TxKind::Call(self.pick(&CONTRACTS)) };
        let data = if is_creation { self.code(0, 8) } else { self.bytes(40) };
        TxEnv {
            caller: SENDER,
            kind,
            nonce,
            data: data.into(),
            gas_limit: self.pick(&[30_000, 90_000, 400_000, 2_000_000]),
            gas_price: self.pick(&[0, 1]),
            value: U256::from(self.pick(&[0, 0, 5])),
            ..TxEnv::default()
        }
    }
}

/// The same accounts in both.
struct Both<'s> {
    fork: Fork,
    evm: Evm,
    world: World<'s>,
    database: CacheDB<EmptyDB>,
    block: BlockEnv,
}

impl<'s> Both<'s> {
    fn new(fork: Fork, layer: &Rc<Layer<'s>>, random: &mut Random) -> Self {
        let (state, mut database) = (State::new(layer), CacheDB::new(EmptyDB::default()));
        let mut add = |address, balance: u64, code: Vec<u8>| {
            let balance = U256::from(balance);
            let nonce = u64::from(!code.is_empty());
            state.set_account(address, nonce, balance, &code).unwrap();
            let code = Bytecode::new_legacy(Bytes::from(code));
            database.insert_account_info(
                address,
                AccountInfo::default().with_balance(balance).with_nonce(nonce).with_code(code),
            );
        };
        add(SENDER, 1 << 60, Vec::new());
        CONTRACTS.into_iter().for_each(|address| add(address, 100, random.code(0, 10)));
        for (address, slot) in CONTRACTS.into_iter().zip([0, 1, 2].map(U256::from)) {
            state.set_slot(address, slot, U256::from(7)).unwrap();
            database.insert_account_storage(address, slot, U256::from(7)).unwrap();
        }
        let price = BlobExcessGasAndPrice { excess_blob_gas: 0, blob_gasprice: 1 };
        let block = BlockEnv { number: U256::from(9), blob_excess_gas_and_price: Some(price), ..BlockEnv::default() };
        Self { fork, evm: Evm::new(fork, 1), world: World::new(layer), database, block }
    }

    /// Executes a transaction in both. Returns whether it ended well.
    fn execute(&mut self, transaction: &TxEnv, what: &str) -> bool {
        let config = CfgEnv::new_with_spec(self.fork.rules()).with_chain_id(1);
        let context = Context::mainnet().with_db(&mut self.database).with_cfg(config).with_block(self.block.clone());
        let expected = context.build_mainnet().transact_commit(transaction.clone());
        let receipt = self.evm.execute(&self.world, &self.block, transaction);
        let (Ok(expected), Ok(receipt)) = (&expected, &receipt) else {
            assert_eq!(expected.is_ok(), receipt.is_ok(), "{what}: {expected:?} {receipt:?}");
            return false;
        };
        let logs = if let ExecutionResult::Success { logs, .. } = expected { &logs[..] } else { &[] };
        assert_eq!(
            (receipt.status.is_success(), receipt.gas_used, &receipt.logs[..]),
            (expected.is_success(), expected.tx_gas_used(), logs),
            "{what}: {expected:?} {receipt:?}"
        );
        assert_eq!(receipt.output, expected.output().cloned().unwrap_or_default(), "{what}");
        receipt.status.is_success()
    }

    /// Compares all accounts.
    fn compare(&self, what: &str) {
        let mut expected = neovm_evm::Alloc::new();
        for (address, account) in &self.database.cache.accounts {
            let is_empty = account.info.is_empty() && self.fork >= Fork::SpuriousDragon;
            if account.account_state == AccountState::NotExisting || is_empty {
                continue;
            }
            let code = account
                .info
                .code
                .clone()
                .or_else(|| self.database.cache.contracts.get(&account.info.code_hash).cloned());
            let storage = account.storage.iter().filter(|(_, value)| !value.is_zero());
            let new = expected.entry(*address).or_default();
            (new.balance, new.nonce) = (account.info.balance, account.info.nonce);
            new.code = code.map(|code| code.original_bytes()).unwrap_or_default();
            new.storage = storage.map(|(slot, value)| (*slot, *value)).collect();
        }
        assert_eq!(self.evm.state(self.world.layer()).dump().unwrap(), expected, "{what}");
    }
}

/// Several transactions over the same accounts: contracts are destroyed, and made again.
#[test]
fn code_at_random_leaves_what_revm_leaves() {
    let mut random = Random(20);
    // EIP-1283, which revm leaves out.
    for fork in Fork::all().filter(|fork| *fork != Fork::Constantinople) {
        let (mut succeeded, mut made_again) = (0, 0);
        for round in 0..200 {
            let store = MemoryStore::default();
            let layer = Layer::over(&store);
            let mut both = Both::new(fork, &layer, &mut random);
            let mut nonce = 0;
            for number in 0..6 {
                let what = format!("{fork}, round {round}, transaction {number}");
                let transaction = random.transaction(nonce);
                succeeded += u32::from(both.execute(&transaction, &what));
                nonce = State::new(&layer).account(SENDER).unwrap().unwrap().nonce;
                both.compare(&what);
            }
            made_again +=
                State::new(&layer).accounts().filter(|account| account.as_ref().unwrap().1.generation > 0).count();
        }
        assert!(succeeded > 150 && (made_again > 0 || fork >= Fork::Cancun), "{fork}: {succeeded} {made_again}");
    }
}
