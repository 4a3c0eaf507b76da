/**
 * Code of 32 bits under a 64-bit kernel: compatibility mode (SDM volume 3
 * section 10.1.1, APM volume 2 section 1.3.2).
 *
 * The source is that of 64-bit code; in between it may hold only instructions
 * whose bytes are the same in both.
 *
 * @module
 */

/** The selectors of 32-bit code, and of the 64-bit code of ring 0, in the GDT of a guest. */
const SELECTOR = { kernel32: 0x30, user32: 0x1b, kernel64: 0x08 } as const;

// Return to a far address of 8 bytes each; jump to a far address, which 64-bit code cannot.
const RETFQ = "db 0x48, 0xcb";
const JMP_FAR = "db 0xea";

/** Goes on with 32-bit code, in ring 0 or in ring 3. */
export function enterCompatibility(ring: 0 | 3): string {
  return `
    push ${ring === 0 ? SELECTOR.kernel32 : SELECTOR.user32}
    push compatibility
    ${RETFQ}
  compatibility:
  `;
}

/** Goes back from 32-bit to 64-bit code in ring 0. */
export const leaveCompatibility = `
    ${JMP_FAR}
    dd left_compatibility
    dw ${SELECTOR.kernel64}
  left_compatibility:
`;
