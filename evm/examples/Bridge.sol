// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// Calls a contract of Neo, which calls back.
contract Bridge {
    /// The precompiled contract that leads to Neo.
    address constant NEO = 0x000000000000000000000000000000000000EE00;

    /// How often Neo has called back.
    uint256 public pokes;

    /// What Neo calls.
    function poked() external returns (uint256) {
        require(msg.sender == NEO, "not from Neo");
        return ++pokes;
    }

    /// Calls a method of Neo's contract, and returns what it returned.
    function run(string memory method) public returns (bytes memory) {
        bytes memory data = abi.encodeCall(this.poked, ());
        (bool ok, bytes memory output) = NEO.call(abi.encodePacked(uint8(bytes(method).length), method, data));
        require(ok, "Neo failed");
        return output;
    }

    /// Does the same in a frame that is reverted.
    function undo(string calldata method) external returns (string memory) {
        try this.runAndRevert(method) {
            return "";
        } catch Error(string memory reason) {
            return reason;
        }
    }

    function runAndRevert(string calldata method) external {
        run(method);
        revert("undone");
    }
}
