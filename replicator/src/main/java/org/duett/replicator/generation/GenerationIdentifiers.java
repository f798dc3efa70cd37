package org.duett.replicator.generation;

import java.util.stream.LongStream;

/**
 * The four numbers that name which data a disk holds (spec states 3): the current generation, the generation that the bitmap counts changes
 * from, and two before it. A value; the superblock stores it, {@code P_UUIDS} carries it. The lowest bit of {@code current} says whether the
 * node is Primary, and every comparison ignores it.
 *
 * @param current the generation of the data now
 * @param bitmap the generation since which the set bits have changed; 0: the peer has all we have
 * @param history0 the younger one of the two that went before
 * @param history1 the older one
 */
public record GenerationIdentifiers(long current, long bitmap, long history0, long history1) {

    /** The current identifier of metadata that never held data. */
    public static final long JUST_CREATED = 4;

    /** What {@code create-md} writes. */
    public static final GenerationIdentifiers FRESH = new GenerationIdentifiers(JUST_CREATED, 0, 0, 0);

    /** What the identifier of a resync lies above the generation that it starts from. */
    static final long SYNC_OFFSET = 0x0001_0000_0000_0000L;

    private static final long PRIMARY_BIT = 1;

    /** Do two identifiers name the same generation? */
    public static boolean sameGeneration(long one, long other) {
        return withoutPrimaryBit(one) == withoutPrimaryBit(other);
    }

    static boolean hasPrimaryBit(long identifier) {
        return (identifier & PRIMARY_BIT) != 0;
    }

    static long withoutPrimaryBit(long identifier) {
        return identifier & ~PRIMARY_BIT;
    }

    private static long withPrimaryBit(long identifier, boolean primary) {
        return withoutPrimaryBit(identifier) | (primary ? PRIMARY_BIT : 0);
    }

    /** 0 and 4 have meanings of their own, also with the lowest bit set; a random number that hits one is moved away. */
    private static long notReserved(long random) {
        boolean reserved = sameGeneration(random, 0) || sameGeneration(random, JUST_CREATED);
        return reserved ? random | Long.MIN_VALUE : random;
    }

    public boolean isJustCreated() {
        return sameGeneration(current, JUST_CREATED);
    }

    /** No data was ever named: metadata that no {@code create-md} wrote. */
    boolean isUnset() {
        return sameGeneration(current, 0);
    }

    /** After a promotion, a demotion, or an attach in that role. */
    public GenerationIdentifiers withRole(boolean primary) {
        return new GenerationIdentifiers(withPrimaryBit(current, primary), bitmap, history0, history1);
    }

    /**
     * From here on our data differs from the peer's: a new generation begins, and the bitmap counts from the old one. An older generation
     * that the bitmap still counted from is kept in the history (rule 3; DRBD loses it, and with it the way back to a peer that has it).
     */
    public GenerationIdentifiers newCurrent(long random, boolean primary) {
        GenerationIdentifiers kept = rotateBitmapIntoHistory();
        return new GenerationIdentifiers(withPrimaryBit(notReserved(random), primary), current, kept.history0,
                kept.history1);
    }

    /** The bitmap counts from no generation any more: the peer has all we have. */
    public GenerationIdentifiers rotateBitmapIntoHistory() {
        return bitmap == 0 ? this : new GenerationIdentifiers(current, 0, bitmap, history0);
    }

    /**
     * We become the source of a resync. The identifier of this resync, which goes to the target, is {@link #bitmap()} of the result. It tells a
     * target that was interrupted from one that never started.
     */
    GenerationIdentifiers startAsSyncSource(long random) {
        boolean knownStart = bitmap != 0 && !sameGeneration(bitmap, JUST_CREATED);
        long syncIdentifier = knownStart ? bitmap + SYNC_OFFSET : notReserved(random);
        GenerationIdentifiers rotated = rotateBitmapIntoHistory();
        return new GenerationIdentifiers(current, syncIdentifier, rotated.history0, rotated.history1);
    }

    /**
     * Likewise, of a resync to {@code target}. An identifier that was made for an earlier try, and that it never took, nobody else has: another one would only push a
     * generation out of the history, perhaps the last one that both know (seed 2012431).
     */
    public GenerationIdentifiers startAsSyncSource(long random, GenerationIdentifiers target) {
        return bitmapIsSyncFromHistory() && !target.names(bitmap) ? this : startAsSyncSource(random);
    }

    /** We become the target of a resync: until its end our data is neither the old nor the source's, and has a name of its own. */
    public GenerationIdentifiers startAsSyncTarget(long syncIdentifier) {
        return new GenerationIdentifiers(withPrimaryBit(syncIdentifier, hasPrimaryBit(current)), 0, history0, history1);
    }

    /** The resync to us ended without a failed block: we have the source's data, and its past. {@code source}: its last {@code P_UUIDS}. */
    public GenerationIdentifiers finishedAsTarget(GenerationIdentifiers source) {
        GenerationIdentifiers past = source.rotateBitmapIntoHistory();
        // It comes into the history once, and where the source has it: elsewhere it would push out a generation (seed 2593409).
        if (!source.wereToldDuring(current)) past = new GenerationIdentifiers(past.current, current, past.history0, past.history1).rotateBitmapIntoHistory();
        return past.withRole(hasPrimaryBit(current));
    }

    /** Since the resync of this identifier began, perhaps in a generation begun meanwhile? Those of before may name it, too: of an earlier try from the same generation. */
    private boolean wereToldDuring(long syncIdentifier) {
        boolean isPast = sameGeneration(history0, syncIdentifier) || sameGeneration(history1, syncIdentifier);
        return sameGeneration(bitmap, syncIdentifier) || isPast && !sameGeneration(bitmap + SYNC_OFFSET, syncIdentifier);
    }

    /** The resync from us ended without a failed block. */
    public GenerationIdentifiers finishedAsSource() {
        return rotateBitmapIntoHistory();
    }

    /** The peer skips the initial sync ({@code P_UUIDS} flag 8): its new generation is ours, too, and nothing differs. */
    public GenerationIdentifiers adoptingCurrentOf(GenerationIdentifiers peer) {
        return new GenerationIdentifiers(withPrimaryBit(peer.current, hasPrimaryBit(current)), 0, history0, history1);
    }

    /** The bitmap counts from nothing, and what it counted from is forgotten: after skipping the initial sync. */
    public GenerationIdentifiers withoutBitmap() {
        return new GenerationIdentifiers(current, 0, history0, history1);
    }

    /** Is this one of the generations that a disk with these identifiers has, or is known to have had? */
    public boolean names(long generation) {
        return !sameGeneration(generation, 0) && (sameGeneration(generation, current) || sameGeneration(generation, bitmap)
                || sameGeneration(generation, history0) || sameGeneration(generation, history1));
    }

    /**
     * Is this the generation from which a resync began whose identifier is here, or the identifier of an earlier try of it? Between a number that was drawn and another one
     * the low 48 bits differ.
     */
    boolean namesByResync(long generation) {
        return isEarlierTry(generation, bitmap) || isEarlierTry(generation, history0) || isEarlierTry(generation, history1);
    }

    private static boolean isEarlierTry(long generation, long identifier) {
        long steps = withoutPrimaryBit(identifier) - withoutPrimaryBit(generation);
        return steps != 0 && steps % SYNC_OFFSET == 0 && steps / SYNC_OFFSET > 0 && !sameGeneration(generation, 0) && !sameGeneration(generation, JUST_CREATED);
    }

    /** The bits, and those that are added now, name what a peer of this generation of our past lacks. */
    GenerationIdentifiers countingFrom(long past) {
        // No gap is left where it stood: the next rotation would push out the generation behind it (seed 1542216).
        long[] history = LongStream.of(bitmap, history0, history1).filter(each -> each != 0 && !sameGeneration(each, past)).toArray();
        return new GenerationIdentifiers(current, withoutPrimaryBit(past), history.length > 0 ? history[0] : 0, history.length > 1 ? history[1] : 0);
    }

    /** As if the last resync had never begun: the target did not get its identifier (rules 51 and 71 of the comparison). */
    GenerationIdentifiers withoutLastSyncIdentifier() {
        return new GenerationIdentifiers(current, history0, history1, history1);
    }

    /** Was this node Primary when it left the generation that the bitmap counts from? */
    boolean wasPrimaryAtBitmap() {
        return hasPrimaryBit(bitmap);
    }

    /** Does the bitmap count from an identifier of a resync, and the history name where it began? */
    boolean bitmapIsSyncFromHistory() {
        return sameGeneration(history0 + SYNC_OFFSET, bitmap);
    }

    /** Is {@code history0} the identifier of a resync? Those that start from no known generation are random and only told after the first one. */
    boolean youngestHistoryIsSync() {
        return sameGeneration(history1 + SYNC_OFFSET, history0) || sameGeneration(history1, JUST_CREATED);
    }

    public boolean equalsIgnoringRole(GenerationIdentifiers other) {
        return sameGeneration(current, other.current) && sameGeneration(bitmap, other.bitmap)
                && sameGeneration(history0, other.history0)
                && sameGeneration(history1, other.history1);
    }

    /** {@code current:bitmap:history:history} in hexadecimal, as kernel DRBD logs and {@code drbdmeta} print them. */
    @Override
    public String toString() {
        return hexadecimal(current) + ':' + hexadecimal(bitmap) + ':' + hexadecimal(history0) + ':'
                + hexadecimal(history1);
    }

    public static String hexadecimal(long identifier) {
        return String.format("%016X", identifier);
    }
}
