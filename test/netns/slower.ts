/** How many times longer all may take than on a machine of one's own: in the guest's emulated processor it does. */
export const SLOWER = Number(process.env['PTRAP_TEST_SLOWER'] ?? 1);
