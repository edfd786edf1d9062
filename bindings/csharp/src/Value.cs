using System;
using System.Numerics;
using System.Text;

namespace Neovm
{
    /// <summary>What a value is.</summary>
    public enum ValueKind : uint
    {
        /// <summary>Null.</summary>
        Null = Native.NEOVM_VALUE_NULL,

        /// <summary>An integer of up to 256 bits.</summary>
        Integer = Native.NEOVM_VALUE_INTEGER,

        /// <summary>True or false.</summary>
        Boolean = Native.NEOVM_VALUE_BOOLEAN,

        /// <summary>A byte string.</summary>
        Bytes = Native.NEOVM_VALUE_BYTES,

        /// <summary>An item of a machine.</summary>
        Item = Native.NEOVM_VALUE_ITEM,

        /// <summary>An object of the host, which is given to a machine.</summary>
        Object = Native.NEOVM_VALUE_OBJECT,
    }

    /// <summary>As what an argument of a system call is popped.</summary>
    public enum As : byte
    {
        /// <summary>An item.</summary>
        Item = Native.NEOVM_AS_ITEM,

        /// <summary>An integer.</summary>
        Integer = Native.NEOVM_AS_INTEGER,

        /// <summary>A boolean.</summary>
        Boolean = Native.NEOVM_AS_BOOLEAN,

        /// <summary>Bytes.</summary>
        Bytes = Native.NEOVM_AS_BYTES,

        /// <summary>What it is: numbers, booleans, byte strings and Null as such, everything else as an item.</summary>
        ItIs = Native.NEOVM_AS_IT_IS,
    }

    /// <summary>A value that goes into a machine or comes out of it.</summary>
    public struct Value
    {
        readonly long number;
        // Bytes, a wide integer, or an object of the host.
        readonly object content;
        readonly Item item;

        Value(ValueKind kind, long number, object content, Item item)
        {
            Kind = kind;
            this.number = number;
            this.content = content;
            this.item = item;
        }

        /// <summary>Null.</summary>
        public static Value Null
        {
            get { return default(Value); }
        }

        /// <summary>An object of the host. Two are equal for scripts if they came from the same push.</summary>
        public static Value Object(object value)
        {
            return new Value(ValueKind.Object, 0, value, default(Item));
        }

        /// <summary>An integer.</summary>
        public static implicit operator Value(long value)
        {
            return new Value(ValueKind.Integer, value, null, default(Item));
        }

        /// <summary>An integer, of at most 256 bits.</summary>
        public static implicit operator Value(BigInteger value)
        {
            if (value >= long.MinValue && value <= long.MaxValue)
                return (long)value;
            return new Value(ValueKind.Integer, 0, value.ToByteArray(), default(Item));
        }

        /// <summary>A boolean.</summary>
        public static implicit operator Value(bool value)
        {
            return new Value(ValueKind.Boolean, value ? 1 : 0, null, default(Item));
        }

        /// <summary>A byte string; Null for null.</summary>
        public static implicit operator Value(byte[] value)
        {
            return value == null ? Null : new Value(ValueKind.Bytes, 0, value, default(Item));
        }

        /// <summary>A byte string, in UTF-8; Null for null.</summary>
        public static implicit operator Value(string value)
        {
            return value == null ? Null : Encoding.UTF8.GetBytes(value);
        }

        /// <summary>An item.</summary>
        public static implicit operator Value(Item value)
        {
            return new Value(ValueKind.Item, 0, null, value);
        }

        /// <summary>What it is.</summary>
        public ValueKind Kind { get; }

        /// <summary>An integer.</summary>
        public BigInteger Integer
        {
            get { Expect(ValueKind.Integer); return content == null ? number : new BigInteger((byte[])content); }
        }

        /// <summary>An integer that fits 64 bits.</summary>
        /// <exception cref="OverflowException">It does not fit.</exception>
        public long Int64
        {
            get { Expect(ValueKind.Integer); return content == null ? number : (long)new BigInteger((byte[])content); }
        }

        /// <summary>A boolean.</summary>
        public bool Boolean
        {
            get { Expect(ValueKind.Boolean); return number != 0; }
        }

        /// <summary>Bytes.</summary>
        public byte[] Bytes
        {
            get { Expect(ValueKind.Bytes); return (byte[])content; }
        }

        /// <summary>Bytes as UTF-8.</summary>
        public string Text
        {
            get { return Encoding.UTF8.GetString(Bytes); }
        }

        /// <summary>An item.</summary>
        public Item Item
        {
            get { Expect(ValueKind.Item); return item; }
        }

        void Expect(ValueKind expected)
        {
            if (Kind != expected)
                throw new InvalidOperationException("The value is of kind " + Kind + ", not " + expected + ".");
        }

        /// <summary>Copies a value of a machine.</summary>
        internal static unsafe Value Read(neovm_value* value, Machine machine)
        {
            switch ((ValueKind)value->kind)
            {
                case ValueKind.Null: return Null;
                case ValueKind.Boolean: return value->integer != 0;
                case ValueKind.Item: return new Item(machine, value->item);
                case ValueKind.Integer:
                    if ((ulong)value->bytes.length == 0)
                        return value->integer;
                    break;
            }
            return new Value((ValueKind)value->kind, 0, Library.Copy(value->bytes), default(Item));
        }

        /// <summary>Writes the value for a machine.</summary>
        internal unsafe neovm_value Write(Machine machine, Pins pins)
        {
            var value = new neovm_value { kind = (uint)Kind, integer = number };
            if (Kind == ValueKind.Item)
                value.item = item.Handle;
            else if (Kind == ValueKind.Object)
                value.item = machine.NumberOf(content);
            else if (content != null)
                value.bytes = pins.Add((byte[])content);
            return value;
        }
    }
}
