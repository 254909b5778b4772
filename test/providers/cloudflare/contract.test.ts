import { describeProvider } from '../../contracts/provider-contract.ts';
import { cloudflareRig } from '../../contracts/rigs/cloudflare.ts';

describeProvider(cloudflareRig);
