using System;
using System.Collections.Generic;
using System.Numerics;

namespace Neovm
{
    /// <summary>The type of an item.</summary>
    public enum ItemType : uint
    {
        /// <summary>Null.</summary>
        Any = Native.NEOVM_TYPE_ANY,

        /// <summary>A position in a script.</summary>
        Pointer = Native.NEOVM_TYPE_POINTER,

        /// <summary>True or false.</summary>
        Boolean = Native.NEOVM_TYPE_BOOLEAN,

        /// <summary>An integer of up to 256 bits.</summary>
        Integer = Native.NEOVM_TYPE_INTEGER,

        /// <summary>Bytes that do not change.</summary>
        ByteString = Native.NEOVM_TYPE_BYTE_STRING,

        /// <summary>Bytes that can be changed, shared by all references.</summary>
        Buffer = Native.NEOVM_TYPE_BUFFER,

        /// <summary>Items, shared by all references.</summary>
        Array = Native.NEOVM_TYPE_ARRAY,

        /// <summary>An array that is copied when it is stored in a compound.</summary>
        Struct = Native.NEOVM_TYPE_STRUCT,

        /// <summary>Keys and values, shared by all references.</summary>
        Map = Native.NEOVM_TYPE_MAP,

        /// <summary>An object of the host.</summary>
        InteropInterface = Native.NEOVM_TYPE_INTEROP,
    }

    /// <summary>
    /// An item of a receipt. A compound that occurs several times is one object, and one that contains itself is an
    /// object that contains itself.
    /// </summary>
    public sealed class StackItem
    {
        static readonly StackItem[] noItems = new StackItem[0];

        readonly BigInteger integer;
        readonly byte[] bytes;
        StackItem[] children = noItems;

        internal unsafe StackItem(neovm_node* node)
        {
            Type = (ItemType)node->item_type;
            integer = node->integer;
            if ((ulong)node->bytes.length == 0 && Type != ItemType.ByteString && Type != ItemType.Buffer)
                return;
            bytes = Library.Copy(node->bytes);
            if (Type == ItemType.Integer)
                integer = new BigInteger(bytes);
        }

        /// <summary>Sets the children, which may be items that are made later.</summary>
        internal unsafe void Link(neovm_node* node, StackItem[] nodes)
        {
            if (node->count == 0)
                return;
            children = new StackItem[node->count];
            for (int i = 0; i < children.Length; i++)
                children[i] = nodes[node->children[i]];
        }

        /// <summary>The type.</summary>
        public ItemType Type { get; }

        /// <summary>Whether it is Null.</summary>
        public bool IsNull
        {
            get { return Type == ItemType.Any; }
        }

        /// <summary>The value of an Integer.</summary>
        public BigInteger Integer
        {
            get { Expect(ItemType.Integer); return integer; }
        }

        /// <summary>The value of a Boolean.</summary>
        public bool Boolean
        {
            get { Expect(ItemType.Boolean); return !integer.IsZero; }
        }

        /// <summary>The position of a Pointer, in bytes.</summary>
        public int Position
        {
            get { Expect(ItemType.Pointer); return (int)integer; }
        }

        /// <summary>The bytes of a ByteString or Buffer: an array of the item's own.</summary>
        public byte[] Bytes
        {
            get
            {
                if (Type != ItemType.Buffer)
                    Expect(ItemType.ByteString);
                return bytes;
            }
        }

        /// <summary>The bytes of a ByteString or Buffer as UTF-8.</summary>
        public string Text
        {
            get { return System.Text.Encoding.UTF8.GetString(Bytes); }
        }

        /// <summary>The type of an object of the host, such as <c>StorageIterator</c>.</summary>
        public string Interface
        {
            get { Expect(ItemType.InteropInterface); return bytes == null ? "" : System.Text.Encoding.UTF8.GetString(bytes); }
        }

        /// <summary>The items of an Array or Struct; the keys and values of a Map, in turn.</summary>
        public IReadOnlyList<StackItem> Items
        {
            get
            {
                if (Type != ItemType.Array && Type != ItemType.Struct)
                    Expect(ItemType.Map);
                return children;
            }
        }

        void Expect(ItemType expected)
        {
            if (Type != expected)
                throw new InvalidOperationException("The item is of type " + Type + ", not " + expected + ".");
        }

        /// <summary>What ends the execution of a witness well: anything that is neither zero nor false nor Null.</summary>
        public bool IsTrue
        {
            get
            {
                switch (Type)
                {
                    case ItemType.Any: return false;
                    case ItemType.Boolean:
                    case ItemType.Integer: return !integer.IsZero;
                    case ItemType.ByteString: return System.Array.Exists(bytes, it => it != 0);
                    default: return true;
                }
            }
        }

        /// <summary>The value if it is a single one, otherwise the type and the number of children.</summary>
        public override string ToString()
        {
            switch (Type)
            {
                case ItemType.Any: return "Null";
                case ItemType.Boolean: return integer.IsZero ? "False" : "True";
                case ItemType.Integer: return integer.ToString();
                case ItemType.Pointer: return "Pointer(" + integer + ")";
                case ItemType.ByteString:
                case ItemType.Buffer: return Type + "(" + BitConverter.ToString(bytes).Replace("-", "").ToLowerInvariant() + ")";
                case ItemType.InteropInterface: return "InteropInterface(" + Interface + ")";
                default: return Type + "[" + (Type == ItemType.Map ? children.Length / 2 : children.Length) + "]";
            }
        }
    }
}
