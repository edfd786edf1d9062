//! Prices of opcodes, in units of the execution fee factor.

use crate::opcode::OpCode;

/// The price of each opcode. The default is the static table that Neo's networks use.
///
/// Source: `ApplicationEngine.OpCodePrices.cs` of the reference node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceTable([u32; 256]);

/// Why a price cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// The opcode would be free, so a loop over it would never run out of gas.
    #[error("{opcode} cannot be free: only ABORT, ABORTMSG, RET and SYSCALL can")]
    Free {
        /// The opcode.
        opcode: OpCode,
    },
    /// The price is over [`PriceTable::MAX`].
    #[error("{opcode} costs {price} units, at most {} can be counted", PriceTable::MAX)]
    TooHigh {
        /// The opcode.
        opcode: OpCode,
        /// The opcode's price, in units.
        price: u32,
    },
}

impl PriceTable {
    /// The highest price of an opcode, in units.
    pub const MAX: u32 = 1 << 24;

    /// The static prices of Neo's networks.
    pub const DEFAULT: Self = {
        let mut prices = [0; 256];
        let mut i = 0;
        while i < OpCode::ALL.len() {
            let info = OpCode::ALL[i].info();
            prices[info.opcode as usize] = info.price;
            i += 1;
        }
        Self(prices)
    };

    /// Returns the price of an opcode, in units.
    pub const fn price(&self, opcode: OpCode) -> u32 {
        self.0[opcode as usize]
    }

    /// Returns the price of a byte, in units. A byte that is not an opcode costs 0.
    pub const fn price_of_byte(&self, byte: u8) -> u32 {
        self.0[byte as usize]
    }

    /// Returns the table with another price for one opcode.
    ///
    /// # Errors
    /// [`PriceError`] if the price is too high, or 0 for an opcode that may not be free.
    pub fn with_price(mut self, opcode: OpCode, price: u32) -> Result<Self, PriceError> {
        if price == 0 && OpCode::info(opcode).price != 0 {
            return Err(PriceError::Free { opcode });
        }
        if price > Self::MAX {
            return Err(PriceError::TooHigh { opcode, price });
        }
        self.0[opcode as usize] = price;
        Ok(self)
    }
}

impl Default for PriceTable {
    fn default() -> Self {
        Self::DEFAULT
    }
}
