using System;

namespace Neovm
{
    /// <summary>
    /// An item of a machine. It lives until the system call returns in which it was got; one that was got outside of
    /// system calls, or by <see cref="Keep"/>, until <see cref="Release"/>, or until the machine is reset or disposed of.
    /// </summary>
    public struct Item : IEquatable<Item>
    {
        readonly Machine machine;

        internal Item(Machine machine, ulong handle)
        {
            this.machine = machine;
            Handle = handle;
        }

        internal ulong Handle { get; }

        Machine Machine
        {
            get
            {
                if (machine == null)
                    throw new InvalidOperationException("This is no item of a machine.");
                return machine;
            }
        }

        void Check(int status)
        {
            Machine.Check(status);
        }

        /// <summary>The type.</summary>
        public ItemType Type
        {
            get { int count; return TypeAndCount(out count); }
        }

        /// <summary>
        /// The number of children, two for each entry of a map; the number of bytes of a ByteString or Buffer.
        /// </summary>
        public int Count
        {
            get { int count; TypeAndCount(out count); return count; }
        }

        unsafe ItemType TypeAndCount(out int count)
        {
            uint type;
            UIntPtr length;
            Check(Native.neovm_item_type(Machine.Handle, Handle, &type, &length));
            count = (int)length;
            return (ItemType)type;
        }

        /// <summary>The item as a value of a type.</summary>
        /// <exception cref="NeovmException">It cannot be converted: <see cref="Status.Fault"/>.</exception>
        public unsafe Value To(As type)
        {
            neovm_value value;
            Check(Native.neovm_item_value(Machine.Handle, Handle, (byte)type, &value));
            return Value.Read(&value, Machine);
        }

        /// <summary>Children of a compound; keys and values of a map, in turn.</summary>
        public unsafe Value[] Children(int first, int count)
        {
            int all = Count;
            if (first < 0 || first > all)
                throw new ArgumentOutOfRangeException(nameof(first));
            if (count < 0 || count > all - first)
                throw new ArgumentOutOfRangeException(nameof(count));
            var native = new neovm_value[count];
            fixed (neovm_value* values = native)
            {
                Check(Native.neovm_item_children(Machine.Handle, Handle, (UIntPtr)first, (UIntPtr)count, values));
                return Machine.Read(values, count);
            }
        }

        /// <summary>All children of a compound.</summary>
        public Value[] Children()
        {
            return Children(0, Count);
        }

        /// <summary>
        /// Changes a compound that no script holds yet: sets the item at an index of an array or struct, or appends it if
        /// the index is the number of items; for a map, <paramref name="key"/> is the key.
        /// </summary>
        public unsafe void Set(Value key, Value value)
        {
            using (var pins = new Pins())
            {
                neovm_value nativeKey = key.Write(Machine, pins), nativeValue = value.Write(Machine, pins);
                Check(Native.neovm_item_set(Machine.Handle, Handle, &nativeKey, &nativeValue));
            }
        }

        /// <summary>A copy of the item and all that it holds, in which what was shared is shared.</summary>
        public unsafe Item Copy()
        {
            ulong copy;
            Check(Native.neovm_item_copy(Machine.Handle, Handle, &copy));
            return new Item(Machine, copy);
        }

        /// <summary>An object of the host, as it was given to <see cref="Value.Object"/>.</summary>
        public unsafe object Object
        {
            get
            {
                ulong number;
                Check(Native.neovm_item_object(Machine.Handle, Handle, &number));
                return Machine.ObjectOf(number);
            }
        }

        /// <summary>The bytes to which StdLib serializes the item.</summary>
        public unsafe byte[] Serialize()
        {
            neovm_bytes bytes;
            Check(Native.neovm_item_serialize(Machine.Handle, Handle, &bytes));
            return Library.Copy(bytes);
        }

        /// <summary>The same item, which lives on when the system call returns.</summary>
        public unsafe Item Keep()
        {
            ulong kept;
            Check(Native.neovm_item_keep(Machine.Handle, Handle, &kept));
            return new Item(Machine, kept);
        }

        /// <summary>Lets go of the item. It cannot be used then.</summary>
        public void Release()
        {
            Check(Native.neovm_item_release(Machine.Handle, Handle));
        }

        /// <summary>Whether both stand for the same item, and not only for equal ones.</summary>
        public unsafe bool IsSame(Item other)
        {
            uint isSame;
            Check(Native.neovm_item_is_same(Machine.Handle, Handle, other.Handle, &isSame));
            return isSame != 0;
        }

        /// <summary>Whether both are the same handle. Two handles may stand for one item, see <see cref="IsSame"/>.</summary>
        public bool Equals(Item other)
        {
            return machine == other.machine && Handle == other.Handle;
        }

        /// <inheritdoc/>
        public override bool Equals(object other)
        {
            return other is Item && Equals((Item)other);
        }

        /// <inheritdoc/>
        public override int GetHashCode()
        {
            return Handle.GetHashCode();
        }
    }
}
